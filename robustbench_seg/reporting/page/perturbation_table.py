"""The paper's table: model x (clean, corruptions by category), coloured by value.

The page's script computes other scores from the same numbers; ECE and AUROC are stored with them.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from robustbench_seg.measures import ScoreInfo
from robustbench_seg.records.cards.perturbation import Perturbation
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.html.heat_table import heat_table
from robustbench_seg.reporting.html.table import (
    INTERVALS_NOTE,
    Cell,
    ScoreOption,
    ScoreValue,
    Table,
)
from robustbench_seg.reporting.panels import Panel, chief_confidence_scores, missing_confidence
from robustbench_seg.reporting.ranking.estimate import interval_ends, interval_text
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.results import (
    MEASURED,
    RANKING_SCORE,
    Draws,
    Interval,
    Source,
    is_measured,
    score_of,
)
from robustbench_seg.text import one_line


def perturbation_table(scores: pd.DataFrame, panel: Panel, caption: str) -> Table:
    """Return rows of tables/miou.csv laid out as the paper's table 5.

    Args:
        scores: The panel's own scores, or published ones.
        panel: The panel.
        caption: The source of the scores; the page adds their name.
    """
    infos = chief_confidence_scores(panel) if is_measured(scores).any() else []

    def header(name: str, source: Source) -> Cell:
        return Cell(name, tag=panel.model(name).tag if source == MEASURED else source)

    def detailed(cell: Cell, name: str, source: Source, perturbation: Perturbation | None) -> Cell:
        if source != MEASURED:
            return cell
        model = panel.model(name)
        further = [_score_value(model, perturbation, info.key) for info in infos]
        shown = replace(cell, title=_title(model, perturbation, cell), scores=further)
        if cell.value is None:
            return shown
        return replace(shown, ends=interval_ends(*_interval(model, perturbation, RANKING_SCORE)))

    has_intervals = any(
        not np.isnan(_interval(model, None, RANKING_SCORE).low) for model in panel.models
    )
    table = heat_table(scores, panel.protocol, caption, header, detailed)
    has_note = is_measured(scores).any() and has_intervals
    return replace(
        table,
        note=f"{table.note} {INTERVALS_NOTE}" if has_note else table.note,
        reference=panel.reference,
        scores=[_score_option(info) for info in infos],
    )


def _score_option(info: ScoreInfo) -> ScoreOption:
    direction = "higher" if info.higher_is_better else "lower"
    caption = f"{info.label} in percent, {direction} is better"
    return ScoreOption(info.label, f"{info.label}, %", caption, info.higher_is_better)


def _score_value(model: MeasuredModel, perturbation: Perturbation | None, key: str) -> ScoreValue:
    """The value of a further score in a measured cell, its hover text and its interval."""
    value = score_of(_draws(model, perturbation, key))
    if not np.isnan(value):
        ends = interval_ends(*_interval(model, perturbation, key))
        return ScoreValue(round(value, 4), _interval_title(model, perturbation, key), ends)
    name = perturbation.name if perturbation else CLEAN.name
    why = missing_confidence(model) or model.scored.missing_images.get(name)
    return ScoreValue(None, one_line(why) if why else None)


def _title(model: MeasuredModel, perturbation: Perturbation | None, cell: Cell) -> str | None:
    """The hover text of a measured cell: its severities, number of images and interval."""
    if cell.value is None:
        return model.scored.missing_images.get(perturbation.name if perturbation else CLEAN.name)
    return _interval_title(model, perturbation, RANKING_SCORE)


def _interval_title(model: MeasuredModel, perturbation: Perturbation | None, key: str) -> str:
    severities = f"severities {perturbation.scored_text}, " if perturbation else ""
    texts = [f"{severities}{model.images} images"]
    interval = interval_text(*_interval(model, perturbation, key))
    return ", ".join([*texts, interval] if interval else texts)


def _interval(model: MeasuredModel, perturbation: Perturbation | None, key: str) -> Interval:
    """The 95 % interval of a score of a cell; nan if there is none."""
    return model.interval(_draws(model, perturbation, key))


def _draws(model: MeasuredModel, perturbation: Perturbation | None, key: str) -> Draws:
    """A score of a cell; nan if the model has none."""
    if key not in model.scores.by_key:
        return model.scores.mean * np.nan
    summary = model.scores.by_key[key].summary
    return summary.perturbations[perturbation.name] if perturbation else summary.clean
