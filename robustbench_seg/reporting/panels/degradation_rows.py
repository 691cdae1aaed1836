"""The rows of a panel as rows of tables/degradation.csv: CD and rCD against a reference."""

import math
from collections.abc import Mapping
from typing import get_args

import numpy as np
import pandas as pd

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.panels.references import published_reference
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.reporting.ranking.table_columns import MIOU_COLUMNS
from robustbench_seg.results import (
    MEASURED,
    RUNS_COLUMN,
    UNBOUNDED,
    DegradationKind,
    Draws,
    Reference,
    degradations,
    degrees_of_ratio,
    score_interval,
    score_of,
)

DEGRADATION_SCORES: tuple[DegradationKind, ...] = get_args(DegradationKind)
"""The means over the corruptions of the corruption degradation and of the relative one."""

DEGRADATION_MEANS = ("CD", "CD_low", "CD_high", "rCD", "rCD_low", "rCD_high")
"""The last columns of tables/degradation.csv, in percent.

CD and rCD are means over the corruptions, with the ends of their 95 % intervals where model and
reference are measured.
"""


def degradation_rows(
    scores: pd.DataFrame,
    measured: Mapping[str, MeasuredModel],
    protocol: Protocol,
    reference: str | None,
) -> pd.DataFrame:
    """Return the rows of tables/degradation.csv, one for each of `scores` and indexed like them.

    Args:
        scores: The rows of tables/miou.csv.
        measured: The measured models, by their names.
        protocol: Their protocol.
        reference: The reference of CD and rCD; a measured model has priority over a published one.
            None: there are no rows.

    Returns:
        The columns model, source, dataset, split, protocol, images, reference, CD_<corruption> for
        each averaged corruption, DEGRADATION_MEANS, and runs.
    """
    averaged = protocol.averaged_names
    corruptions = [f"CD_{name}" for name in averaged]
    columns = [*MIOU_COLUMNS, "reference", *corruptions, *DEGRADATION_MEANS, RUNS_COLUMN]
    if reference is None:
        return pd.DataFrame(columns=columns)
    against = _reference(reference, scores, measured, protocol)
    rows = []
    for cells in scores.to_dict("records"):
        kept = {name: cells[name] for name in (*MIOU_COLUMNS, RUNS_COLUMN)}
        row = {**kept, "reference": reference}
        model = measured[cells["model"]] if cells["source"] == MEASURED else None
        found = cells if model is None else model.miou_draws
        scored = {name: np.asarray(found[name], float) for name in averaged}
        lost = degradations(np.asarray(found[CLEAN.name], float), scored, against)
        row |= {f"CD_{name}": score_of(cd) for name, cd in lost["CD"].perturbations.items()}
        for kind, each in lost.items():
            low, high = _mean_interval(model, against, each.mean)
            row |= {kind: score_of(each.mean), f"{kind}_low": low, f"{kind}_high": high}
        rows.append(row)
    return pd.DataFrame(rows, columns=columns, index=scores.index)


def _reference(
    name: str, scores: pd.DataFrame, measured: Mapping[str, MeasuredModel], protocol: Protocol
) -> Reference:
    if name in measured:
        return Reference.of_model(measured[name].scored)
    return published_reference(name, scores, protocol)


def _mean_interval(
    model: MeasuredModel | None, reference: Reference, draws: Draws
) -> tuple[float, float]:
    """The interval of a mean; nan for a published result, and if draws are not paired."""
    if model is None or not reference.is_paired(model.scores):
        return math.nan, math.nan
    degrees = degrees_of_ratio(model.scores.degrees, reference.degrees)
    return score_interval(draws, model.scores.units, degrees, limits=UNBOUNDED)
