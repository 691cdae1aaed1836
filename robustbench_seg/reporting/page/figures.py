"""The figures of a panel: written as files, and those that the page shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from tqdm import tqdm

from robustbench_seg.machine.progress import SHOWN_AFTER, progress_bar
from robustbench_seg.measures import CONFIDENCE, SCALED_CONFIDENCE
from robustbench_seg.measures.confidence_histogram import BINS
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.figures.attack_figures import common_radii, radius_curves
from robustbench_seg.reporting.figures.class_heatmap import class_heatmap
from robustbench_seg.reporting.figures.confidence_figures import (
    SMALL_SHARE,
    category_reliability,
    confidence_overview,
)
from robustbench_seg.reporting.figures.cost_scatter import cost_scatter
from robustbench_seg.reporting.figures.figure_files import inline_svg, write_figure
from robustbench_seg.reporting.figures.severity_curves import severity_curves
from robustbench_seg.reporting.html.figure import PageFigure
from robustbench_seg.reporting.html.slugs import unique_slugs
from robustbench_seg.reporting.panels import Panel, confidence_curves
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.reporting.ranking.pareto import pareto_front
from robustbench_seg.text import enumeration

MAX_HEATMAPS = 3
"""Maximum number of class heatmaps of a panel on the page; the others are only files."""

MAX_RELIABILITY = 3
"""Maximum number of models with reliability diagrams by category on the page."""

_SECONDS = "seconds per image"

MAX_LINES = 6
"""Maximum number of models, the most robust ones, in the overview of confidence."""


@dataclass(frozen=True)
class PanelFigures:
    """The figures of a panel.

    Attributes:
        curves: mIoU over severity; None without scores.
        heatmaps: Classes under corruption, of the first models.
        heatmaps_note: Where those of the other models are.
        confidence: Reliability and risk-coverage of the models; None without confidence.
        reliability: Reliability by category, of the first models.
        reliability_note: Where the diagrams of the other models are.
        cost: Accuracy against cost; None if no cost of a complete model is known.
    """

    curves: PageFigure | None
    heatmaps: Sequence[PageFigure]
    heatmaps_note: str
    confidence: PageFigure | None
    reliability: Sequence[PageFigure]
    reliability_note: str
    cost: PageFigure | None


def write_panel_figures(panel: Panel, stem: str, folder: Path) -> PanelFigures:
    """Write the figures of a panel as SVG and PNG files.

    Args:
        panel: The panel.
        stem: The beginning of the files' names.
        folder: The folder of the files.

    Returns:
        The figures that the page shows.
    """
    heatmaps = _heatmaps(panel, stem, folder)
    reliability = _reliability(panel, stem, folder)
    return PanelFigures(
        curves=_curves(panel, stem, folder),
        heatmaps=heatmaps[:MAX_HEATMAPS],
        heatmaps_note=_others(len(heatmaps) - MAX_HEATMAPS, "heatmaps"),
        confidence=_confidence(panel, stem, folder),
        reliability=reliability[:MAX_RELIABILITY],
        reliability_note=_others(len(reliability) - MAX_RELIABILITY, "diagrams"),
        cost=_cost(panel, stem, folder),
    )


def _with_slugs(panel: Panel, drawn: str) -> "tqdm[tuple[MeasuredModel, str]]":
    """The models of a panel with parts of file names, and a progress bar of what is drawn."""
    slugs = unique_slugs([model.name for model in panel.models])
    pairs = zip(panel.models, slugs, strict=True)
    return progress_bar(len(slugs), iterable=pairs, desc=drawn, unit="model", delay=SHOWN_AFTER)


def _others(count: int, what: str) -> str:
    """State where the figures are that the page does not show; empty if it shows all."""
    return f"The {what} of {count} more models are in figures/." if count > 0 else ""


def _curves(panel: Panel, stem: str, folder: Path) -> PageFigure | None:
    if panel.per_severity["miou"].isna().all():
        return None
    path = folder / f"{stem}-severity"
    if panel.protocol.words.noun == "attack":
        figure = radius_curves(panel.per_severity, panel.protocol)
        over = "radius" if common_radii(panel.protocol) else "severity"
        caption = (
            f"mIoU over the {over} of the attacks; the first point is clean. Dashed: the control, "
            "noise of the same radius. Bold: included in the mean, with its 95 % interval from a "
            f"bootstrap over {panel.sampling_unit}."
        )
        return _written(figure, path, f"mIoU over radius, {panel.name}", caption)
    figure = severity_curves(panel.per_severity, panel.protocol)
    caption = (
        "mIoU at each severity; bands are 95 % intervals from a bootstrap "
        f"over {panel.sampling_unit}. Hollow points on grey are not scored."
    )
    return _written(figure, path, f"mIoU over severity, {panel.name}", caption)


def _heatmaps(panel: Panel, stem: str, folder: Path) -> list[PageFigure]:
    figures: list[PageFigure] = []
    noun = panel.protocol.words.noun
    for model, name in _with_slugs(panel, "heatmaps"):
        grid = panel.class_grid(model.name)
        if grid.isna().all(axis=None):
            continue
        path = folder / f"{stem}-classes-{name}"
        figure = class_heatmap(model.name, grid, panel.protocol)
        caption = (
            f"{model.name}: IoU of each class in percent, mean over the scored severities of each "
            f"{noun}. Blank: the class does not occur, or a condition is missing."
        )
        figures.append(_written(figure, path, f"Classes under {noun}, {model.name}", caption))
    return figures


def _confidence(panel: Panel, stem: str, folder: Path) -> PageFigure | None:
    models = {
        model.name: curves
        for model in panel.models
        if (curves := confidence_curves(model, panel.protocol, CONFIDENCE))
    }
    if not models:
        return None
    shown = dict(list(models.items())[:MAX_LINES])
    path = folder / f"{stem}-confidence"
    over = panel.protocol.words.over.replace("the ", "all ")
    figure = confidence_overview(shown, [model.name for model in panel.models], over)
    caption = (
        f"Upper row: accuracy of the pixels in {BINS} bins of confidence. Below the diagonal a "
        f"model is overconfident; a hollow point has less than {100 * SMALL_SHARE:g} % of the "
        "pixels. Lower row: the error rate of the most confident pixels."
    )
    if len(panel.protocol.averaged_names) > 1:
        caption += f" The pixels of {over} are pooled."
    if len(models) > len(shown):
        caption += f" The {len(shown)} most robust of {len(models)} models."
    return _written(figure, path, f"Confidence and accuracy, {panel.name}", caption)


def _reliability(panel: Panel, stem: str, folder: Path) -> list[PageFigure]:
    figures: list[PageFigure] = []
    severities = enumeration([*map(str, panel.protocol.shown_severities[-2:])])
    kinds = {"raw": CONFIDENCE, "temperature-scaled": SCALED_CONFIDENCE}
    for model, name in _with_slugs(panel, "reliability diagrams"):
        found = {
            kind: curves
            for kind, measure in kinds.items()
            if (curves := confidence_curves(model, panel.protocol, measure))
        }
        if not found:
            continue
        path = folder / f"{stem}-reliability-{name}"
        figure = category_reliability(model.name, found)
        caption = (
            f"{model.name}: accuracy of the pixels in {BINS} bins of confidence, clean against "
            f"severity {severities} of each category; a hollow point has less than "
            f"{100 * SMALL_SHARE:g} % of the pixels."
        )
        figures.append(_written(figure, path, f"Reliability by category, {model.name}", caption))
    return figures


def _cost(panel: Panel, stem: str, folder: Path) -> PageFigure | None:
    models = panel.complete
    costs = {
        "GMAC per image": [model.gmacs for model in models],
        _SECONDS: [model.seconds for model in models],
    }
    costs = {name: values for name, values in costs.items() if not np.isnan(values).all()}
    if not costs:
        return None
    path = folder / f"{stem}-cost"
    scores = {
        "model": [model.name for model in models],
        "clean": [model.miou[CLEAN.name] for model in models],
        "mean": [model.mean for model in models],
    }
    figure = cost_scatter(pd.DataFrame({**scores, **costs}))
    caption = (
        f"Solid: mean over {panel.protocol.words.over}; hollow: clean.{_front_text(panel, costs)}"
    )
    if _SECONDS in costs:
        caption += " The provenance names the machines on which seconds were measured."
    return _written(figure, path, f"Accuracy against cost, {panel.name}", caption)


def _front_text(panel: Panel, costs: Mapping[str, Sequence[float]]) -> str:
    """Explain the dotted line; empty if no front has several models, because there is no line."""
    means = {model.name: model.mean for model in panel.complete}
    for values in costs.values():
        if len(pareto_front(dict(zip(means, values, strict=True)), means)) > 1:
            return (
                " The dotted line joins the models that no other model beats in both cost and "
                "robustness."
            )
    return ""


def _written(figure: Figure, path: Path, title: str, caption: str) -> PageFigure:
    """Write a figure to `path`.svg and .png, and return it for the page."""
    svg = write_figure(figure, path)
    return PageFigure(title, inline_svg(svg, f"{title}. {caption}", path.name), caption)
