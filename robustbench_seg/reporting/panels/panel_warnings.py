"""Warnings for readers who compare the rows of a panel: one function for each rule."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.runs.run_record import library_texts
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.results import (
    clean_gap,
    clean_gap_warnings,
    noted_differences,
    score_of,
    summarise,
)
from robustbench_seg.text import number


def panel_warnings(
    models: Sequence[MeasuredModel], qualifier: str, protocol: Protocol
) -> tuple[str, ...]:
    """Return the warnings of a panel, one sentence or two each.

    Args:
        models: The measured models.
        qualifier: `Panel.qualifier`.
        protocol: Their protocol.
    """
    warnings = [
        *clean_score_warnings(models),
        *setting_warnings(models),
        *foreign_warnings(models),
        *same_model_warnings(models),
        other_images_warning(qualifier),
        left_out_warning(models),
        changing_classes_warning(models, protocol),
    ]
    return tuple(warning for warning in warnings if warning)


def clean_score_warnings(models: Sequence[MeasuredModel]) -> list[str]:
    """Warn about each run whose clean score is far from the published one."""
    gaps: list[str | None] = []
    for model in models:
        if model.scores.trainings > 1:  # each training has its own published score
            gaps += clean_gap_warnings(model.folders)
        else:
            gaps.append(clean_gap(model.record, score_of(model.scores.summary.clean)))
    return [f"{gap}." for gap in gaps if gap]


def setting_warnings(models: Sequence[MeasuredModel]) -> list[str]:
    """Warn about each setting, such as the precision or the seed, in which the rows differ."""
    return [
        f"The rows differ in {note}: read their provenance before you compare them."
        for note in noted_differences([model.scored for model in models])
    ]


def foreign_warnings(models: Sequence[MeasuredModel]) -> list[str]:
    """Warn about each row with corrupted images from another program."""
    return [
        f"{model.name}: its corrupted images come from a tree of unknown origin, which this "
        "program did not generate, so they may differ from those of the protocol."
        for model in models
        if any(record.key.corruption.foreign for record in model.records)
    ]


def same_model_warnings(models: Sequence[MeasuredModel]) -> list[str]:
    """Explain for each row how it differs from the first row of the same model."""
    first = dict[str, MeasuredModel]()
    warnings = []
    for model in models:
        other = first.setdefault(model.scored.name, model)
        if other is model:
            continue
        names = [each.name for each in other.record.differences(model.record)]
        names += library_texts(other.record, model.record)
        if names:
            warnings.append(
                f"{other.name} and {model.name} are two runs of {model.scored.name}: they differ "
                f"in {', '.join(dict.fromkeys(names))}."
            )
    return warnings


def other_images_warning(qualifier: str) -> str | None:
    """Warn if another panel has other images of the same split."""
    if not qualifier:
        return None
    return (
        f"These rows are on {qualifier}. Rows on other images or classes of the split are in a "
        "separate panel, because they cannot be compared with these."
    )


def left_out_warning(models: Sequence[MeasuredModel]) -> str | None:
    """Warn if a class map leaves out classes, which are the same for all rows of a panel."""
    record = models[0].record
    if not record.left_out_classes:
        return None
    return (
        f"The class map leaves out {', '.join(record.left_out_classes)}, so these scores are over "
        f"the other {len(record.scored_classes)} classes. Published rows are over all "
        f"{len(record.classes)} and are not ranked with them."
    )


def changing_classes_warning(models: Sequence[MeasuredModel], protocol: Protocol) -> str | None:
    """Warn if the mIoU of some conditions is a mean over other classes than that of others."""
    tables = [
        model.scored.class_iou.pivot(
            index=["corruption", "severity"], columns="class", values="iou"
        )
        for model in models
    ]
    tables = [table[table.notna().any(axis=1)] for table in tables]
    counts = sorted({int(n) for table in tables for n in table.notna().sum(axis=1)})
    if len(counts) < 2:
        return None
    throughout = [
        name for name in tables[0].columns if all(table[name].notna().all() for table in tables)
    ]
    text = (
        f"mIoU is a mean over {counts[0]} classes under some conditions and {counts[-1]} under "
        "others: a class without a pixel in truth and predictions is left out."
    )
    if not throughout:
        return text
    means = [
        f"{model.name} {number(_mean_over(table[throughout], protocol))}"
        for model, table in zip(models, tables, strict=True)
    ]
    return (
        f"{text} Over the {len(throughout)} classes that occur throughout, the mean over "
        f"{protocol.words.over} is {', '.join(means)}."
    )


def _mean_over(table: pd.DataFrame, protocol: Protocol) -> float:
    """The protocol's mean of the mean over the classes; `table`: a row for each condition."""
    cells = table.mean(axis=1, skipna=False).to_dict()
    by_condition = {Condition(*key): np.asarray(iou) for key, iou in cells.items()}  # type: ignore[misc]
    return float(summarise(by_condition, protocol).mean)
