"""Panels -> DIR/index.html, DIR/tables/, DIR/figures/: one offline page and all that is in it."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from robustbench_seg.files import write_text
from robustbench_seg.reporting import published, views
from robustbench_seg.reporting.figures import (
    class_heatmap,
    inline_svg,
    severity_curves,
    write_figure,
)
from robustbench_seg.reporting.finding import sentences
from robustbench_seg.reporting.panels import Measured, Panel
from robustbench_seg.reporting.pictures import Album, album
from robustbench_seg.reporting.provenance import RunView, run_view
from robustbench_seg.reporting.tables import write_table

HEATMAPS = 3
"""At most so many class heatmaps of a panel are in the page; the others are files only."""

WORDS = (
    ("mIoU", "Mean over the classes of intersection over union, in percent, from one confusion "
     "matrix pooled over all images; pixels without a label are left out, and so are classes that "
     "occur in neither prediction nor truth."),
    ("a cell", "Plain mean of the mIoU at the scored severities of that corruption. It is empty "
     "unless every scored severity of every image is there; so are means built on it."),
    ("mean", "Unweighted mean of the corruptions' cells; mPC where all five severities score."),
    ("retention", "mean / clean, in percent: how much of the clean mIoU is kept; rPC where all "
     "five severities score."),
    ("interval", "95 % percentile interval of a bootstrap over images, or clips of consecutive "
     "frames where they are a video; a difference of two models draws the same for both. It covers "
     "the choice of images only."),
    ("CD, rCD", "Corruption degradation of Kamann and Rother (definition quoted from memory): "
     "error of a model over the error of the reference model, summed over scored severities; rCD "
     "takes the error beyond clean. In percent; below 100 is more robust than the reference."),
)  # fmt: skip


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
    curves: Figure | None
    heatmaps: Sequence[Figure]
    heatmaps_note: str
    classes: views.Table | None
    album: Album | None


def write_page(panels: Sequence[Panel], out: Path, *, pictures: bool = True) -> Path:
    """Write the whole report into `out`; returns the path of index.html.

    pictures: whether the page holds images of the dataset, whose licence may forbid to pass it on
    """
    write_tables(panels, out / "tables")
    stems = _unique([slug(panel.name) for panel in panels])
    shown = [
        _panel_view(panel, stem, out / "figures", _thumbnail_width(len(panels)) if pictures else 0)
        for panel, stem in zip(panels, stems, strict=True)
    ]
    runs: list[RunView] = [run_view(panel, run) for panel in panels for run in panel.measured]
    environment = Environment(
        loader=PackageLoader("robustbench_seg.content.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template("page.html").render(
        title=_title(panels),
        panels=shown,
        runs=runs,
        published_source=published.SOURCE if _shows_published(panels) else "",
        command=_command(panels, pictures),
        words=WORDS,
    )
    write_text(out / "index.html", html)
    return out / "index.html"


def write_tables(panels: Sequence[Panel], folder: Path) -> None:
    """Write miou, per_severity, per_class and, where it is shown, published: in four formats."""
    names = ", ".join(panel.name for panel in panels)
    tables = {
        "miou": ([p.scores for p in panels], f"mIoU in percent on {names}"),
        "per_severity": ([p.severities for p in panels], f"mIoU by severity, percent, {names}"),
        "per_class": ([p.per_class for p in panels], f"IoU by class, percent, {names}"),
    }
    if _shows_published(panels):
        tables["published"] = ([published.cityscapes_c()], f"Published. {published.SOURCE}")
    for name, (parts, caption) in tables.items():
        table = pd.concat(parts, ignore_index=True)
        last = [column for column in ("mean", "retention") if column in table]
        # Of several protocols, a later one's own corruptions would else come after the mean.
        table = table[[*table.columns.drop(last), *last]]
        write_table(table, folder, name, caption)


def _shows_published(panels: Sequence[Panel]) -> bool:
    return any(panel.shows_published for panel in panels)


def slug(text: str) -> str:
    """A file name or identifier made of a text: lower-case letters, digits, hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "unnamed"


def _unique(names: Sequence[str]) -> list[str]:
    """The names, later ones that are taken numbered."""
    taken: dict[str, int] = {}
    for name in names:
        free, count = name, 1
        while free in taken:
            count += 1
            free = f"{name}-{count}"
        taken[free] = count
    return list(taken)


def _title(panels: Sequence[Panel]) -> str:
    models = dict.fromkeys(run.model for panel in panels for run in panel.measured)
    who = "1 model" if len(models) == 1 else f"{len(models)} models"
    where = " and ".join(dict.fromkeys(f"{panel.dataset} {panel.split}" for panel in panels))
    return f"What corruption costs: {who} on {where}"


def _command(panels: Sequence[Panel], pictures: bool) -> str:
    """How to make this page again; run folders by name, so that it does not depend on a place."""
    names = [run.folder.name for panel in panels for run in panel.measured]
    baseline = next((panel.baseline for panel in panels if panel.baseline), None)
    options = ["--reference", baseline] if baseline else []
    given = {p.protocol.name for p in panels for r in p.measured if _own(r) != p.protocol.name}
    options += [option for name in sorted(given) for option in ("--protocol", name)]
    options += [] if pictures else ["--no-pictures"]
    return shlex.join(["robustseg", "report", *names, "--out", "report", *options])


def _own(run: Measured) -> object:
    return run.record.get("protocol")


def _thumbnail_width(panels: int) -> int:
    """Narrower pictures where there are more of them, so that the page stays under 6 MB."""
    return max(96, 320 // max(1, panels - 1))


def _panel_view(panel: Panel, stem: str, figures: Path, picture_width: int) -> PanelView:
    curves = _curves(panel, stem, figures)
    heatmaps = _heatmaps(panel, stem, figures)
    more = len(panel.measured) - HEATMAPS
    reference = None
    if panel.reference is not None:
        caption = "Published mIoU on Cityscapes-C val (500 images), percent."
        reference = views.wide_table(panel.reference, panel, caption)
    wide = views.wide_table(
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
        curves=curves,
        heatmaps=heatmaps,
        heatmaps_note=f"The heatmaps of {more} more models are in figures/." if more > 0 else "",
        classes=views.class_table(panel) if heatmaps else None,
        album=album(panel, picture_width) if picture_width else None,
    )


def _curves(panel: Panel, stem: str, folder: Path) -> Figure | None:
    if panel.severities["miou"].isna().all():
        return None
    svg = write_figure(
        severity_curves(panel.severities, panel.protocol), folder / f"{stem}-severity"
    )
    title = f"mIoU over severity, {panel.name}"
    caption = (
        "mIoU at each severity; severity 0 is clean, bands are 95 % intervals from a bootstrap "
        f"over {panel.unit}. Hollow points on grey do not score."
    )
    return Figure(title, caption, inline_svg(svg, f"{title}. {caption}", f"{stem}-severity"))


def _heatmaps(panel: Panel, stem: str, folder: Path) -> list[Figure]:
    figures: list[Figure] = []
    slugs = _unique([slug(run.model) for run in panel.measured])
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
