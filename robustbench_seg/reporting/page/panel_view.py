"""A panel -> what the page's template shows of it, and its figures as files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from markupsafe import Markup

from robustbench_seg.reporting.figures.plots import (
    class_heatmap,
    cost_scatter,
    inline_svg,
    severity_curves,
    write_figure,
)
from robustbench_seg.reporting.finding import sentences
from robustbench_seg.reporting.page import views
from robustbench_seg.reporting.page.claims import claims_table
from robustbench_seg.reporting.page.classes import class_table, fallen
from robustbench_seg.reporting.page.hardest import HardestView, hardest_views
from robustbench_seg.reporting.page.pictures import Album, album
from robustbench_seg.reporting.page.wide import wide_table
from robustbench_seg.reporting.panels import Panel

HEATMAPS = 3
"""At most so many class heatmaps of a panel are in the page; the others are files only."""


@dataclass(frozen=True)
class Figure:
    """A figure of the page."""

    title: str
    caption: str
    svg: Markup


@dataclass(frozen=True)
class PanelView:
    """What the template shows of a panel."""

    id: str
    name: str
    facts: str
    finding: Sequence[str]
    warnings: Sequence[str]
    ranking: views.Table
    wide: views.Table
    reference: views.Table | None
    claims: views.Table | None
    curves: Figure | None
    heatmaps: Sequence[Figure]
    heatmaps_note: str
    classes: views.Table | None
    fallen: str
    cost: Figure | None
    album: Album | None
    hardest: Sequence[HardestView]


def panel_view(panel: Panel, stem: str, figures: Path, picture_width: int) -> PanelView:
    """What the page shows of a panel; its figures are written into `figures`.

    stem: what its identifiers and files begin with
    picture_width: of thumbnails, in pixels; 0: no pictures
    """
    curves = _curves(panel, stem, figures)
    heatmaps = _heatmaps(panel, stem, figures)
    more = len(panel.measured) - HEATMAPS
    reference = None
    if panel.reference is not None:
        caption = "Published mIoU on Cityscapes-C val (500 images), percent."
        reference = wide_table(panel.reference, panel, caption)
    wide = wide_table(
        panel.scores, panel, f"{panel.name}: mIoU in percent, mean over scored severities."
    )
    return PanelView(
        id=stem,
        name=panel.name,
        facts=panel.facts,
        finding=sentences(panel),
        warnings=panel.warnings,
        ranking=views.ranking_table(panel),
        wide=wide,
        reference=reference,
        claims=claims_table(panel) if panel.shows_published else None,
        curves=curves,
        heatmaps=heatmaps,
        heatmaps_note=f"The heatmaps of {more} more models are in figures/." if more > 0 else "",
        classes=class_table(panel) if heatmaps else None,
        fallen=fallen(panel),
        cost=_cost(panel, stem, figures),
        album=album(panel, picture_width) if picture_width else None,
        hardest=hardest_views(panel, picture_width // 2),
    )


def _cost(panel: Panel, stem: str, folder: Path) -> Figure | None:
    """Of the models that are complete; None where no cost of them is known."""
    costs = panel.complete[["model", "clean", "mean"]].astype({"clean": float, "mean": float})
    runs = [panel.run(model) for model in costs["model"]]
    known = {
        "GMAC an image": [np.nan if run.macs is None else run.macs / 1e9 for run in runs],
        "seconds an image": [np.nan if run.seconds is None else run.seconds for run in runs],
    }
    known = {name: values for name, values in known.items() if not np.isnan(values).all()}
    if not known:
        return None
    path = folder / f"{stem}-cost"
    svg = write_figure(cost_scatter(costs.assign(**known)), path)
    title = f"Accuracy against cost, {panel.name}"
    caption = (
        "Full: mean over the corruptions; hollow: clean. On the dotted line no model is both "
        "cheaper and more robust. Seconds are those of the machines that the provenance names."
    )
    return Figure(title, caption, inline_svg(svg, f"{title}. {caption}", path.name))


def _curves(panel: Panel, stem: str, folder: Path) -> Figure | None:
    if panel.severities["miou"].isna().all():
        return None
    svg = write_figure(
        severity_curves(panel.severities, panel.protocol), folder / f"{stem}-severity"
    )
    title = f"mIoU over severity, {panel.name}"
    caption = (
        "mIoU at each severity; severity 0 is clean, bands are 95 % intervals from a bootstrap "
        f"over {panel.drawn_over}. Hollow points on grey do not score."
    )
    return Figure(title, caption, inline_svg(svg, f"{title}. {caption}", f"{stem}-severity"))


def _heatmaps(panel: Panel, stem: str, folder: Path) -> list[Figure]:
    figures: list[Figure] = []
    slugs = unique([slug(run.model) for run in panel.measured])
    for run, name in zip(panel.measured, slugs, strict=True):
        grid = panel.class_grid(run.model)
        if grid.isna().all(axis=None):
            continue
        path = folder / f"{stem}-classes-{name}"
        svg = write_figure(class_heatmap(run.model, grid, panel.protocol), path)
        title = f"Classes under corruption, {run.model}"
        caption = (
            f"{run.model}: IoU of each class in percent, mean over the scored severities of each "
            "corruption. Blank: the class does not occur, or a condition is missing."
        )
        if len(figures) < HEATMAPS:
            inline = inline_svg(svg, f"{title}. {caption}", path.name)
            figures.append(Figure(title, caption, inline))
    return figures


def slug(text: str) -> str:
    """A file name or identifier made of a text: lower-case letters, digits, hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "unnamed"


def unique(names: Sequence[str]) -> list[str]:
    """The names, later ones that are taken numbered."""
    taken = dict[str, int]()
    for name in names:
        free, count = name, 1
        while free in taken:
            count += 1
            free = f"{name}-{count}"
        taken[free] = count
    return list(taken)
