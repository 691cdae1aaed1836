"""The ranking of a panel: the columns of every ranking, CD, rCD and further scores."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from robustbench_seg.measures import MEASURES, ScoreInfo
from robustbench_seg.reporting.html.ranking import (
    RankingColumn,
    RankingRow,
    clean_column,
    mean_column,
    model_tag,
    ranking,
    ranking_columns,
    score_column,
)
from robustbench_seg.reporting.html.table import Column, Table
from robustbench_seg.reporting.panels import MeasuredModel, Panel, PanelRow
from robustbench_seg.results import RANKED
from robustbench_seg.text import counted

_DEGRADATION = ("CD", "rCD")


def ranking_table(panel: Panel) -> Table:
    """Return the ranking, the most robust first, without columns in which no row has a value."""
    further = other_scores(panel)
    rows = [_row(row, further) for row in panel.ranking]
    caption = f"{panel.name}: mIoU in percent, most robust first."
    table = ranking(caption, panel_columns(panel), rows)
    return replace(table, note=_note(panel, [header.name for header in table.columns]))


def panel_columns(panel: Panel) -> tuple[RankingColumn, ...]:
    """Return the columns of a panel's ranking."""
    averaged, over = panel.protocol.averaged_names, panel.protocol.over
    mean = f"mean of {len(averaged)}" if len(averaged) > 1 else f"mean of {over}"
    header = Column(mean, f"mean over {over}, and its 95 % interval")
    related = _DEGRADATION if panel.reference else ()
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
    """Return the further scores that at least one model has a mean of."""
    return [
        info
        for measure in MEASURES
        for info in measure.infos
        if info.name != RANKED
        and info.section == "ranking"
        and any(
            not math.isnan(row.scores.by_name[info.name].summary.mean[0]) for row in panel.measured
        )
    ]


def row_tag(row: MeasuredModel) -> str | None:
    """Return what stands behind a model's name: its trainings and augmentation, if any."""
    return model_tag(row.record, row.scores.trainings, len(row.model.seeds))


def _row(row: PanelRow, further: Sequence[ScoreInfo]) -> RankingRow:
    """A row of the panel as a row of its ranking, with the means of `further` scores."""
    scores, limits = dict(row.cells), dict[str, tuple[float, float]]()
    for name in _DEGRADATION if row.degradation else ():
        scores[name] = row.degradation[name]
        limits[name] = row.degradation[f"{name}_low"], row.degradation[f"{name}_high"]
    measured = row.measured
    if measured is not None:
        limits["mean"] = measured.limits(measured.scores.mean)
        for info in further:
            draws = measured.scores.by_name[info.name].summary.mean
            scores[info.name], limits[info.name] = float(draws[0]), measured.limits(draws)
    found = RankingRow(
        name=row.name,
        rank=row.rank,
        source=row.source,
        scores=scores,
        categories=row.categories,
        limits=limits,
    )
    if measured is None:
        return found
    return replace(
        found,
        parameters=measured.parameters,
        macs=measured.macs,
        speed=None if measured.seconds is None else 1 / measured.seconds,
        tag=row_tag(measured),
    )


def _note(panel: Panel, shown: Sequence[str]) -> str:
    """The note below the ranking; `shown`: its columns."""
    protocol = panel.protocol
    counts = Counter(spec.scored_text for spec in protocol.perturbations if spec.averaged)
    averaged = [
        f"{counted(count, protocol.noun)} at severities {severities}"
        for severities, count in counts.items()
    ]
    note = f"Mean: unweighted, over {', '.join(averaged)}."
    if len(protocol.averaged_names) == 1:
        note = f"Mean: over {protocol.averaged}."
    if shown_only := [spec.name for spec in protocol.perturbations if not spec.averaged]:
        note += f" Not in the mean: {', '.join(shown_only)}."
    limits = [row.limits(row.scores.mean) for row in panel.measured]
    if not all(math.isnan(low) for low, _ in limits):
        note += f" The bar is the 95 % interval from a bootstrap over {panel.sampling_unit}."
    if any("=" in rank for rank in panel.ranks):
        note += " A place with = is shared: the difference from its first model is not established."
    related = [name for name in _DEGRADATION if f"{name}, %" in shown]
    if related:
        note += f" {' and '.join(related)}: against {panel.reference}."
    if panel.reference and "rCD" not in related:
        note += f" No rCD: {panel.reference} loses less than a point, or has not every score."
    return note
