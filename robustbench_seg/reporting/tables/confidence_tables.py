"""confidence.csv, .md and .tex: ECE and AUROC of each model, clean and under each corruption.

If runs have a temperature, the scores after temperature scaling are included. All scores are in
percent, and .md and .tex can have 95 % intervals, as in miou.csv.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from robustbench_seg.measures import ScoreInfo
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.panels import Panel, chief_confidence_scores
from robustbench_seg.reporting.ranking.estimate import Estimate
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.reporting.tables.formats import csv, markdown
from robustbench_seg.reporting.tables.joined_tables import joined
from robustbench_seg.reporting.tables.latex_tables import (
    averaged_text,
    interval_source,
    panel_text,
    perturbation_latex,
)
from robustbench_seg.reporting.tables.table_files import write_table_files
from robustbench_seg.results import RUNS_COLUMN, ScoreDraws, runs_text, score_of

CONFIDENCE_COLUMNS = ("model", "dataset", "split", "protocol", "metric", "images")
"""The columns of tables/confidence.csv before the scores.

The column metric has the names of scores.parquet, such as ece. The columns clean, each corruption
in protocol order, and mean follow, then runs as in miou.csv.
"""


def write_confidence_tables(
    panels: Sequence[Panel], folder: Path, *, intervals: bool = False
) -> None:
    """Write the tables of the panels in which a model has such scores; no files if none has.

    Args:
        panels: The panels.
        folder: The folder to write to.
        intervals: Whether .md and .tex have the interval of each score.
    """
    known = [panel for panel in panels if chief_confidence_scores(panel)]
    if not known:
        return
    tables = [_table(panel) for panel in known]
    shown = tables if intervals else [_without_intervals(table) for table in tables]
    write_table_files(
        folder / "confidence",
        csv(_without_intervals(joined(tables))),
        markdown(joined(shown).drop(columns=RUNS_COLUMN)),
        [
            _latex(panel, table, f"confidence-{n}", intervals=intervals)
            for n, (panel, table) in enumerate(zip(known, shown, strict=True))
        ],
    )


def _table(panel: Panel) -> pd.DataFrame:
    """Return an Estimate per model, score and condition; models without scores are left out."""
    columns = [*CONFIDENCE_COLUMNS, CLEAN.name, *panel.protocol.names, "mean", RUNS_COLUMN]
    rows = []
    for model in panel.models:
        for info in chief_confidence_scores(panel):
            score = model.scores.by_key.get(info.key)
            if score is None or not score.conditions:
                continue
            facts = [model.name, panel.dataset, panel.split, panel.protocol.name, info.name]
            estimates = _estimates(model, score)
            rows.append([*facts, model.images, *estimates, runs_text(model.folders)])
    return pd.DataFrame(rows, columns=columns)


def _estimates(model: MeasuredModel, score: ScoreDraws) -> list[Estimate]:
    summary = score.summary
    draws = [summary.clean, *summary.perturbations.values(), summary.mean]
    return [Estimate(score_of(each), *model.interval(each)) for each in draws]


def _without_intervals(table: pd.DataFrame) -> pd.DataFrame:
    """Return the scores without their intervals."""
    texts = (*CONFIDENCE_COLUMNS, RUNS_COLUMN)
    scores = [column for column in table.columns if column not in texts]
    values = {
        name: [e.value if isinstance(e, Estimate) else math.nan for e in table[name]]
        for name in scores
    }
    return table.assign(**values)


def _latex(panel: Panel, table: pd.DataFrame, label: str, *, intervals: bool) -> str:
    infos, protocol = chief_confidence_scores(panel), panel.protocol
    table = table[["model", "metric", CLEAN.name, *protocol.names, "mean"]]
    table = table.assign(metric=table["metric"].map({info.name: info.label for info in infos}))
    caption = (
        f"{panel_text(panel)}, in percent: {_directions(infos)}; {averaged_text(panel.protocol)}"
    )
    if intervals:
        caption += f". Below: {interval_source(panel)}"
    return perturbation_latex(table, protocol, caption, label)


def _directions(infos: Sequence[ScoreInfo]) -> str:
    texts = [
        f"{info.label} ({'higher' if info.higher_is_better else 'lower'} is better)"
        for info in infos
    ]
    return " and ".join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else texts[0]
