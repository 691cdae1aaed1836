"""A comparison of two models as text."""

import math
from collections.abc import Mapping

import pandas as pd

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.runs.run_record import class_maps_text
from robustbench_seg.reporting.literature.citations import DEGRADATION_CITATION
from robustbench_seg.results import (
    ALPHA,
    FEW_UNITS,
    RESAMPLES,
    Reference,
    ScoredModel,
    noted_differences,
)
from robustbench_seg.text import counted, one_line, text_table


def heading_text(a: ScoredModel, b: ScoredModel, protocol: Protocol, reference: Reference) -> str:
    """Return lines on the compared models, their images, and limitations.

    Args:
        a: The first model.
        b: The second one.
        protocol: Their protocol.
        reference: The reference of CD and rCD.
    """
    models = {"A": a, "B": b}
    lines = [
        *(f"{label}  {_model_text(model)}" for label, model in models.items()),
        _extent_text(models, protocol),
        f"mIoU in percent with 95 % intervals: bootstrap, {RESAMPLES:,} draws of "
        f"{a.scores.units} {a.scores.unit}, the same for A and B",
        *dict.fromkeys(_trainings_text(label, model) for label, model in models.items()),
        *(f"{label}: {each.seeds_text}" for label, each in models.items() if each.seeds_text),
        f"CD, rCD: relative to {reference.name}, in percent ({DEGRADATION_CITATION})",
    ]
    if notes := noted_differences((a, b)):
        lines.append(f"note: A and B differ in {', '.join(notes)}")
    if a.scores.units == 1:
        lines.append(f"no intervals: there is only one sampling unit ({a.scores.unit})")
    elif a.scores.units < FEW_UNITS:
        trainings = min(model.scores.trainings for model in models.values())
        also = f"{counted(trainings, 'training')} and " if trainings > 1 else ""
        lines.append(
            f"with only {also}{a.scores.units} {a.scores.unit}, intervals and p-values are "
            "approximate"
        )
    return "\n".join(map(one_line, lines))


def _model_text(model: ScoredModel) -> str:
    return f"{model.name}  ({', '.join(map(str, model.folders))})"


def _extent_text(models: Mapping[str, ScoredModel], protocol: Protocol) -> str:
    """The images, the protocol and the class maps, which are the same for both models."""
    first = models["A"]
    record = first.records[0]
    return (
        f"{len(first.scores.image_ids)} images of {record.dataset} {record.split}, protocol "
        f"{protocol.name} version {protocol.version}"
        f"{class_maps_text(model.records[0] for model in models.values())}; scored: "
        f"severities {protocol.words.scored_text}"
    )


def _trainings_text(label: str, model: ScoredModel) -> str:
    if model.scores.trainings == 1:
        return "with one training of a model, intervals do not cover the randomness of training"
    seeds = ", ".join(map(str, model.training_seeds))
    return (
        f"{label} is the mean of {model.scores.trainings} trainings (seeds {seeds}); intervals and "
        "verdicts cover the randomness of training"
    )


def comparison_text(table: pd.DataFrame, noun: str) -> str:
    """Return the averages in the table of `rs.compare` as text, and count its verdicts."""
    return f"{_table_text(table, noun)}\n{_verdict_line(table, noun)}"


def _table_text(table: pd.DataFrame, noun: str) -> str:
    rows = table[table["kind"].isin(["clean", "corruption", "category", "summary"])]
    head = ["", "severities", "A", "B", "A - B", "p", "better"]
    lines, kind = [head], "clean"
    for row in rows.to_dict("records"):
        if row["kind"] != kind:
            lines.append([""] * len(head))
            kind = row["kind"]
        p = row["p_holm"] if kind == "corruption" else row["p"]
        lines.append(
            [
                _label(row["score"], noun),
                row["severities"],
                _score_text(row["A"], row["A_low"], row["A_high"]),
                _score_text(row["B"], row["B_low"], row["B_high"]),
                _score_text(row["difference"], row["low"], row["high"], sign="+"),
                _p_text(p),
                row["verdict"] or row["reason"],
            ]
        )
    return text_table(lines, left=[0, 1, len(head) - 1])


def _label(score: str, noun: str) -> str:
    return f"worst {noun}" if score == "worst_corruption" else score.replace("_", " ")


def _score_text(score: float, low: float, high: float, sign: str = "") -> str:
    if math.isnan(score):
        return "-"
    ends = f" [{low:{sign}z.1f}, {high:{sign}z.1f}]" if not math.isnan(low) else ""
    return f"{score:{sign}z.1f}{ends}"


def _p_text(p: float) -> str:
    if math.isnan(p):
        return ""
    return f"{p:.3f}" if p >= 0.001 else "<0.001"


def _verdict_line(table: pd.DataFrame, noun: str) -> str:
    verdicts = table.loc[table["kind"] == "corruption", "verdict"]  # none if it is only shown
    counts = {name: int((verdicts == name).sum()) for name in ("A", "B", "open")}
    number = counted(sum(counts.values()), noun)
    return (
        f"\nBetter at {100 * ALPHA:g} % after Holm's adjustment for {number}: A on {counts['A']}, "
        f"B on {counts['B']}, open on {counts['open']}. Only the p-values in the rows of "
        f"{noun}s are adjusted; other p-values and all intervals are not. Differences are computed "
        "before rounding."
    )
