"""What a run lacks of a protocol, in words."""

from collections.abc import Mapping, Sequence

import pandas as pd

from robustbench_seg.records.protocol import CLEAN, SEVERITIES, Protocol
from robustbench_seg.results.read import with_counts


def missing_text(results: pd.DataFrame, protocol: Protocol, total: int) -> Mapping[str, str]:
    """For each corruption (or clean) that lacks images: at which severities, how many, and why.

    results: rows of one run, as read_results or read_counts gives them
    total:   how many images the run has
    """
    there = with_counts(results).groupby(["corruption", "severity"]).size()
    reasons = (
        results[results["reason"].notna()].groupby(["corruption", "severity"])["reason"].first()
    )
    lacking = dict[str, dict[str, list[int]]]()
    wanted = {CLEAN.name: (0,), **dict.fromkeys(protocol.names, SEVERITIES)}
    for name, levels in wanted.items():
        for level in levels:
            count = int(there.get((name, level), 0))
            if count < total:
                what = f"{count} of {total} images" if count else "not run"
                why = reasons.get((name, level))
                words = f"{what} ({why})" if why else what
                lacking.setdefault(name, {}).setdefault(words, []).append(level)
    return {
        name: "; ".join(_spelled(levels, words) for words, levels in parts.items())
        for name, parts in lacking.items()
    }


def _spelled(levels: Sequence[int], words: str) -> str:
    if tuple(levels) in ((0,), SEVERITIES):
        return words
    several = "severities" if len(levels) > 1 else "severity"
    return f"{several} {', '.join(map(str, levels))}: {words}"
