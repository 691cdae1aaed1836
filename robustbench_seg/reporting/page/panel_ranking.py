"""The ranking of a panel: the columns of every ranking, CD, rCD and further scores."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from robustbench_seg.measures import MEASURES, ScoreInfo
from robustbench_seg.reporting.html.heat_table import value_span
from robustbench_seg.reporting.html.ranking_table import (
    RankingColumn,
    average_columns,
    clean_column,
    cost_columns,
    mean_column,
    name_column,
    ranking_table,
    score_column,
)
from robustbench_seg.reporting.html.table import INTERVALS_NOTE, Column, Table
from robustbench_seg.reporting.panels import DEGRADATION_SCORES, Panel
from robustbench_seg.reporting.ranking.estimate import Estimate
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.reporting.ranking.ranking_row import RankingRow
from robustbench_seg.results import RANKING_SCORE, score_of
from robustbench_seg.text import counted, number


def panel_ranking(panel: Panel) -> Table:
    """Return the ranking, the most robust first, without columns in which no row has a value."""
    averaged, over = panel.protocol.averaged_names, panel.protocol.words.over
    mean = f"mean of {len(averaged)}" if len(averaged) > 1 else f"mean of {over}"
    related = DEGRADATION_SCORES if panel.reference else ()
    columns: list[RankingColumn[MeasuredModel]] = [
        name_column(),
        clean_column(),
        mean_column(Column(mean, f"mean over {over}, and its 95 % interval"), _track(panel)),
        *average_columns(panel.protocol),
        *(_degradation_column(panel, name) for name in related),
        *(_further_column(info, over) for info in _further_scores(panel)),
        *cost_columns("named in the provenance"),
    ]
    caption = f"{panel.name}: mIoU in percent, most robust first."
    table = ranking_table(caption, columns, panel.ranking)
    note = _note(panel, [header.name for header in table.columns])
    if any(cell.ends for row in table.rows for cell in row.cells):
        note += f" For other scores: {INTERVALS_NOTE[0].lower()}{INTERVALS_NOTE[1:]}"
    return replace(table, note=note)


def _track(panel: Panel) -> tuple[float, float]:
    """The lowest and the highest end of all intervals of the mean, for the track of their bars."""
    ends = [end for model in panel.complete for end in model.mean_interval]
    return value_span(np.array(ends, np.float64))


def _degradation_column(panel: Panel, name: str) -> RankingColumn[MeasuredModel]:
    """The column of CD or rCD."""
    scores = panel.degradation[[name, f"{name}_low", f"{name}_high"]].astype(float)
    header = Column(f"{name}, %", f"against {panel.reference}")
    return score_column(header, lambda row: Estimate(*scores.loc[row.index]))


def _further_column(info: ScoreInfo, over: str) -> RankingColumn[MeasuredModel]:
    """The column of the mean of a score over the perturbations; published results have none."""

    def mean(row: RankingRow[MeasuredModel]) -> Estimate:
        if row.model is None:
            return Estimate(math.nan)
        draws = row.model.scores.by_key[info.name].summary.mean
        return Estimate(score_of(draws), *row.model.interval(draws))

    return score_column(Column(info.label, f"{info.definition} Mean over {over}."), mean)


def _further_scores(panel: Panel) -> list[ScoreInfo]:
    """The further scores of the ranking whose mean at least one model has."""
    return [
        info
        for measure in MEASURES
        for info in measure.infos
        if info.name != RANKING_SCORE
        and info.section == "ranking"
        and any(
            not math.isnan(score_of(model.scores.by_key[info.name].summary.mean))
            for model in panel.models
        )
    ]


def _note(panel: Panel, shown: Sequence[str]) -> str:
    """The note below the ranking; `shown`: its columns."""
    protocol = panel.protocol
    counts = Counter(each.scored_text for each in protocol.perturbations if each.averaged)
    averaged = [
        f"{counted(count, protocol.words.noun)} at severities {severities}"
        for severities, count in counts.items()
    ]
    note = f"Mean: unweighted, over {', '.join(averaged)}."
    if len(protocol.averaged_names) == 1:
        note = f"Mean: over severities {protocol.words.scored_text}."
    if shown_only := [each.name for each in protocol.perturbations if not each.averaged]:
        note += f" Not in the mean: {', '.join(shown_only)}."
    if not all(math.isnan(model.mean_interval.low) for model in panel.models):
        low, high = map(number, _track(panel))
        note += (
            f" Beside the mean: its 95 % interval from a bootstrap over {panel.sampling_unit}, "
            f"also as a bar on a scale from {low} to {high}."
        )
    if any("=" in rank for rank in panel.ranks):
        note += " A rank with = is shared: the difference from its first model is not significant."
    related = [name for name in DEGRADATION_SCORES if f"{name}, %" in shown]
    if related:
        note += f" {' and '.join(related)}: against {panel.reference}."
    if panel.reference and "rCD" not in related:
        note += f" No rCD: {panel.reference} loses less than a point, or lacks a score."
    return note
