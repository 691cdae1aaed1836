"""Describes which images of a protocol's conditions a run lacks."""

from collections.abc import Mapping, Sequence

import pandas as pd

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.results.models.trainings import Trainings
from robustbench_seg.store import with_counts


def missing_images(
    results: pd.DataFrame, protocol: Protocol, trainings: Trainings, total: int
) -> Mapping[str, str]:
    """Describe the missing images of a model.

    Args:
        results: Rows of its runs, from read_results or read_counts. A training lacks an image only
            if all of its runs lack it.
        protocol: The protocol to compare with.
        trainings: Its trainings.
        total: Number of images of each run.

    Returns:
        For each perturbation (or clean) with missing images: the severities, the number and the
        reason.
    """
    missing = dict[str, dict[str, None]]()
    for runs in trainings.runs:
        rows = results[results["run"].isin(runs)]
        for name, text in _missing_of_training(rows, protocol, total).items():
            missing.setdefault(name, {})[text] = None
    return {name: "; ".join(texts) for name, texts in missing.items()}


def _missing_of_training(
    results: pd.DataFrame, protocol: Protocol, total: int
) -> Mapping[str, str]:
    """Describe the missing images of a training, whose rows are `results`."""
    by_run = with_counts(results).groupby(["run", "corruption", "severity"]).size()
    scored = by_run.groupby(["corruption", "severity"]).max()
    reasons = (
        results[results["reason"].notna()].groupby(["corruption", "severity"])["reason"].first()
    )
    missing = dict[str, dict[str, list[int]]]()
    severities_of = {
        CLEAN.name: (CLEAN.severity,),
        **{each.name: each.severities for each in protocol.perturbations},
    }
    for name, severities in severities_of.items():
        for severity in severities:
            count = int(scored.get((name, severity), 0))
            if count < total:
                what = f"{count} of {total} images" if count else "not run"
                why = reasons.get((name, severity))
                text = f"{what} ({why})" if why else what
                missing.setdefault(name, {}).setdefault(text, []).append(severity)
    return {
        name: "; ".join(
            text if tuple(severities) == severities_of[name] else _severities_text(severities, text)
            for text, severities in by_text.items()
        )
        for name, by_text in missing.items()
    }


def _severities_text(severities: Sequence[int], text: str) -> str:
    several = "severities" if len(severities) > 1 else "severity"
    return f"{several} {', '.join(map(str, severities))}: {text}"
