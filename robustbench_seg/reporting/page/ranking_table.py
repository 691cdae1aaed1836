"""The ranking of a panel: the columns of every ranking, CD, rCD and further scores."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from robustbench_seg.measures import MEASURES, ScoreInfo
from robustbench_seg.reporting.html.ranking_columns import (
    RankingColumn,
    clean_column,
    mean_column,
    ranking,
    ranking_columns,
    score_column,
)
from robustbench_seg.reporting.html.table import Column, Table
from robustbench_seg.reporting.panels import DEGRADATION_SCORES, Panel
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.reporting.ranking.ranking_row import RankingRow
from robustbench_seg.results import RANKING_SCORE, score_of
from robustbench_seg.text import counted, number


def ranking_table(panel: Panel) -> Table:
    """Return the ranking, the most robust first, without columns in which no row has a value."""
    further = other_scores(panel)
    rows = [_with_means(row, further) for row in panel.ranking]
    caption = f"{panel.name}: mIoU in percent, most robust first."
    table = ranking(caption, panel_columns(panel), rows)
    return replace(table, note=_note(panel, [header.name for header in table.columns]))


def panel_columns(panel: Panel) -> tuple[RankingColumn, ...]:
    """Return the columns of a panel's ranking."""
    averaged, over = panel.protocol.averaged_names, panel.protocol.over
    mean = f"mean of {len(averaged)}" if len(averaged) > 1 else f"mean of {over}"
    header = Column(mean, f"mean over {over}, and its 95 % interval")
    related = DEGRADATION_SCORES if panel.reference else ()
    return ranking_columns(
        panel.protocol,
        [clean_column(), mean_column(header, panel.mean_span)],
        machine="that the provenance names",
        further=[
            *(
                score_column(name, Column(f"{name}, %", f"against {panel.reference}"))
                for name in related
            ),
            *(
                score_column(info.name, Column(info.label, f"{info.definition} Mean over {over}."))
                for info in other_scores(panel)
            ),
        ],
    )


def other_scores(panel: Panel) -> list[ScoreInfo]:
    """Return the further scores whose mean at least one model has."""
    return [
        info
        for measure in MEASURES
        for info in measure.infos
        if info.name != RANKING_SCORE
        and info.section == "ranking"
        and any(
            not math.isnan(score_of(model.scores.by_name[info.name].summary.mean))
            for model in panel.measured
        )
    ]


def _with_means(row: RankingRow, further: Sequence[ScoreInfo]) -> RankingRow:
    """Return a row of the panel with the means of `further` scores, if it is measured."""
    if not isinstance(row.model, MeasuredModel):
        return row
    scores, limits = dict(row.scores), dict(row.limits)
    for info in further:
        draws = row.model.scores.by_name[info.name].summary.mean
        scores[info.name], limits[info.name] = score_of(draws), row.model.limits(draws)
    return replace(row, scores=scores, limits=limits)


def _note(panel: Panel, shown: Sequence[str]) -> str:
    """The note below the ranking; `shown`: its columns."""
    protocol = panel.protocol
    counts = Counter(each.scored_text for each in protocol.perturbations if each.averaged)
    averaged = [
        f"{counted(count, protocol.noun)} at severities {severities}"
        for severities, count in counts.items()
    ]
    note = f"Mean: unweighted, over {', '.join(averaged)}."
    if len(protocol.averaged_names) == 1:
        note = f"Mean: over severities {protocol.scored_text}."
    if shown_only := [each.name for each in protocol.perturbations if not each.averaged]:
        note += f" Not in the mean: {', '.join(shown_only)}."
    if not all(math.isnan(model.mean_limits[0]) for model in panel.measured):
        low, high = map(number, panel.mean_span)
        note += (
            f" Beside the mean: its 95 % interval from a bootstrap over {panel.sampling_unit}, "
            f"also as a bar on a scale from {low} to {high}."
        )
    if any("=" in rank for rank in panel.ranks):
        note += " A place with = is shared: the difference from its first model is not significant."
    related = [name for name in DEGRADATION_SCORES if f"{name}, %" in shown]
    if related:
        note += f" {' and '.join(related)}: against {panel.reference}."
    if panel.reference and "rCD" not in related:
        note += f" No rCD: {panel.reference} loses less than a point, or lacks a score."
    return note
