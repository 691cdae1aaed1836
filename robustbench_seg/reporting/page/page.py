"""Writes panels as index.html, tables/, figures/ and pictures/ of a report's folder."""

from collections.abc import Sequence
from pathlib import Path

from robustbench_seg.errors import ResultsError
from robustbench_seg.files import write_text
from robustbench_seg.reporting.html.definitions import definitions
from robustbench_seg.reporting.html.report_folder import report_files, report_folder
from robustbench_seg.reporting.html.slugs import unique_slugs
from robustbench_seg.reporting.html.templates import page_templates
from robustbench_seg.reporting.page.album import copy_pictures
from robustbench_seg.reporting.page.figures import write_panel_figures
from robustbench_seg.reporting.page.origin import origin
from robustbench_seg.reporting.page.panel_view import panel_view
from robustbench_seg.reporting.page.provenance import fact_tables, run_views
from robustbench_seg.reporting.page.report_command import protocol_file, report_command
from robustbench_seg.reporting.page.score_sections import score_definitions
from robustbench_seg.reporting.panels import Panel
from robustbench_seg.reporting.tables.report_tables import write_tables


def write_page(
    panels: Sequence[Panel], out: Path, *, pictures: bool = True, intervals: bool = False
) -> Path:
    """Write a report: index.html, tables/, figures/ and pictures/.

    report.json lists these files. The report replaces an earlier one in the folder, whose other
    files are removed; files that are not from a report are kept.

    Args:
        panels: The panels of the page.
        out: The folder.
        pictures: Whether it has images of the dataset, whose licence may forbid sharing them.
        intervals: Whether tables/miou.md and .tex have the interval of each score.

    Returns:
        The path of index.html.

    Raises:
        ResultsError: The report has no pictures, but `out` has some that are not in the list of an
            earlier report; a picture or the list cannot be read.
    """
    if not pictures:
        _check_no_pictures(out)
    with report_folder(out) as folder:
        _write(panels, folder, pictures=pictures, intervals=intervals)
    return out / "index.html"


def _check_no_pictures(out: Path) -> None:
    listed = report_files(out)
    for path in (out / "pictures").rglob("*"):
        if path.is_file() and path.relative_to(out).as_posix() not in listed:
            raise ResultsError(
                f"{out / 'pictures'} has pictures that do not belong to the report in {out}; "
                "remove it, or choose another folder for a report without pictures"
            )


def _write(panels: Sequence[Panel], folder: Path, *, pictures: bool, intervals: bool) -> None:
    """Write index.html and the folders next to it."""
    write_tables(panels, folder / "tables", intervals=intervals)
    width = _thumbnail_width(len(panels)) if pictures else 0
    views = []
    for panel, slug in zip(panels, unique_slugs([p.name for p in panels]), strict=True):
        figures = write_panel_figures(panel, slug, folder / "figures")
        views.append(panel_view(panel, slug, figures, width))
        if pictures:
            copy_pictures(panel, folder / "pictures")
    models, several = [(p, model) for p in panels for model in p.models], len(panels) > 1
    runs = [view for panel, model in models for view in run_views(panel, model, several=several)]
    captions = dict.fromkeys(panel.published.caption for panel in panels)
    html = (
        page_templates()
        .get_template("page.html")
        .render(
            title=_title(panels),
            origin=origin(panels, _title(panels)),
            panels=views,
            facts=fact_tables(runs, [run.facts for run in runs]),
            records=fact_tables(runs, [run.record for run in runs]),
            published_caption=" ".join(filter(None, captions)),
            command=report_command(panels, pictures=pictures, intervals=intervals),
            protocol_file=protocol_file(panels),
            definitions=definitions(each for panel in panels for each in score_definitions(panel)),
            pictures=(folder / "pictures").exists(),
        )
    )
    write_text(folder / "index.html", html)


def _title(panels: Sequence[Panel]) -> str:
    names = dict.fromkeys(model.name for panel in panels for model in panel.models)
    models = "1 model" if len(names) == 1 else f"{len(names)} models"
    where = " and ".join(dict.fromkeys(f"{panel.dataset} {panel.split}" for panel in panels))
    nouns = list(dict.fromkeys(panel.protocol.words.noun for panel in panels))
    costs = "corruption costs" if nouns == ["corruption"] else "perturbations cost"
    costs = "attacks cost" if nouns == ["attack"] else costs
    return f"What {costs}: {models} on {where}"


def _thumbnail_width(panels: int) -> int:
    """Narrower thumbnails if there are more of them, so that the page stays under 6 MB."""
    return max(96, 320 // max(1, panels - 1))
