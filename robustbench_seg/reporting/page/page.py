"""Panels -> DIR/index.html, DIR/tables/, DIR/figures/: one offline page and all that is in it."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from robustbench_seg.errors import ResultsError
from robustbench_seg.files import write_text
from robustbench_seg.measures import MEASURES
from robustbench_seg.records.protocol import list_protocols
from robustbench_seg.reporting.literature import published
from robustbench_seg.reporting.page.folder import report_files, report_folder
from robustbench_seg.reporting.page.panel_view import panel_view, slug, unique
from robustbench_seg.reporting.page.pictures import copy_pictures
from robustbench_seg.reporting.page.provenance import run_views
from robustbench_seg.reporting.panels import Panel
from robustbench_seg.reporting.tables.files import write_tables

WORDS = (
    *((score.label, score.definition) for measure in MEASURES for score in measure.infos),
    ("a cell", "Plain mean of the mIoU at the scored severities of that corruption. It is empty "
     "unless every scored severity of every image is there; so are means built on it."),
    ("mean", "Unweighted mean of the corruptions' cells; mPC where all five severities score."),
    ("retention", "mean / clean, in percent: how much of the clean mIoU is kept; rPC where all "
     "five severities score."),
    ("interval", "95 % percentile interval of a bootstrap over images, or clips of consecutive "
     "frames where they are a video; a difference of two models draws the same for both. Where a "
     "model was trained several times it draws the trainings, too; otherwise it covers the choice "
     "of images only. The random numbers of the corruptions are never covered."),
    ("CD, rCD", "Corruption degradation (Kamann and Rother, CVPR 2020, arXiv 1908.05005). With D = "
     "100 - mIoU, CD of a corruption is the sum of D over its scored severities, divided by the "
     "same sum of the reference model; rCD takes D - D(clean) instead of D. Both are averaged over "
     "the corruptions. In percent; below 100 is more robust than the reference."),
)  # fmt: skip


def write_page(panels: Sequence[Panel], out: Path, *, pictures: bool = True) -> Path:
    """Write the whole report into `out`; returns the path of index.html.

    Beside it lie tables/, figures/, pictures/ and report.json, the list of these files. The report
    replaces an earlier one in `out`, whose other files are removed; files that no report wrote
    stay.

    pictures: whether the page holds images of the dataset, whose licence may forbid to pass it on

    Raises ResultsError where the report is to have no pictures, and `out` has some that are not
    in the list of an earlier report.
    """
    if not pictures:
        _check_no_pictures(out)
    with report_folder(out) as folder:
        _write(panels, folder, pictures)
    return out / "index.html"


def _check_no_pictures(out: Path) -> None:
    listed = report_files(out)
    for path in (out / "pictures").rglob("*"):
        if path.is_file() and path.relative_to(out).as_posix() not in listed:
            raise ResultsError(
                f"{out / 'pictures'} holds pictures that are not of the report in {out}; remove "
                "it, or choose another folder for a report without any"
            )


def _write(panels: Sequence[Panel], folder: Path, pictures: bool) -> None:
    """Write index.html and the folders beside it."""
    write_tables(panels, folder / "tables")
    stems = unique([slug(panel.name) for panel in panels])
    width = _thumbnail_width(len(panels)) if pictures else 0
    shown = [
        panel_view(panel, stem, folder / "figures", width)
        for panel, stem in zip(panels, stems, strict=True)
    ]
    for panel in panels if pictures else ():
        copy_pictures(panel, folder / "pictures")
    runs = [view for panel in panels for run in panel.measured for view in run_views(panel, run)]
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
        pictures=pictures,
    )
    write_text(folder / "index.html", html)


def _shows_published(panels: Sequence[Panel]) -> bool:
    return any(panel.shows_published for panel in panels)


def _title(panels: Sequence[Panel]) -> str:
    models = dict.fromkeys(run.model for panel in panels for run in panel.measured)
    who = "1 model" if len(models) == 1 else f"{len(models)} models"
    where = " and ".join(dict.fromkeys(f"{panel.dataset} {panel.split}" for panel in panels))
    return f"What corruption costs: {who} on {where}"


def _command(panels: Sequence[Panel], pictures: bool) -> str:
    """How to make this page again; run folders by name, so that it does not depend on a place."""
    names = [f.name for panel in panels for run in panel.measured for f in run.scored.folders]
    baseline = next((panel.baseline for panel in panels if panel.baseline), None)
    options = ["--reference", baseline] if baseline else []
    for name in sorted({panel.protocol.name for panel in panels}):
        runs = [run for p in panels if p.protocol.name == name for run in p.measured]
        own = {run.record.protocol for run in runs}
        if name not in list_protocols():
            options += ["--protocol", f"{name}.toml"]
        elif own != {name}:
            options += ["--protocol", name]
    options += [] if pictures else ["--no-pictures"]
    return shlex.join(["robustseg", "report", *names, "--out", "report", *options])


def _thumbnail_width(panels: int) -> int:
    """Narrower pictures where there are more of them, so that the page stays under 6 MB."""
    return max(96, 320 // max(1, panels - 1))
