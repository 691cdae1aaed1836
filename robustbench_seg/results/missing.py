"""What a run lacks of a protocol, in words."""

from collections.abc import Mapping, Sequence

import pandas as pd

from robustbench_seg.records.protocol import CLEAN, SEVERITIES, Protocol
from robustbench_seg.results.read import with_counts


def missing_text(results: pd.DataFrame, protocol: Protocol, total: int) -> Mapping[str, str]:
    """Describe what a run lacks.

    Args:
        results: Rows of one run, as read_results or read_counts gives them.
        protocol: What is asked for.
        total: How many images the run has.

    Returns:
        For each corruption (or clean) that lacks images: at which severities, how many, and why.
    """
    scored = with_counts(results).groupby(["corruption", "severity"]).size()
    reasons = (
        results[results["reason"].notna()].groupby(["corruption", "severity"])["reason"].first()
    )
    lacking = dict[str, dict[str, list[int]]]()
    levels_of = {CLEAN.name: (0,), **dict.fromkeys(protocol.names, SEVERITIES)}
    for name, levels in levels_of.items():
        for level in levels:
            count = int(scored.get((name, level), 0))
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
