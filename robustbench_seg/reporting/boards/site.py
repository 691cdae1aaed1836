"""Writes boards as the pages and tables of a static site."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment

from robustbench_seg import __version__
from robustbench_seg.files import write_text
from robustbench_seg.reporting.boards.board import RANKING_RULE, Board
from robustbench_seg.reporting.boards.board_page import board_page
from robustbench_seg.reporting.boards.csv_files import write_csv_files
from robustbench_seg.reporting.boards.model_page import model_page
from robustbench_seg.reporting.html.report_folder import report_folder
from robustbench_seg.reporting.html.slugs import unique_slugs
from robustbench_seg.reporting.html.templates import page_templates


def write_site(boards: Sequence[Board], out: Path) -> Path:
    """Write a leaderboard: index.html, and a folder for each board.

    An earlier site in the folder is replaced; other files in the folder are kept.

    Args:
        boards: The boards.
        out: The folder.

    Returns:
        The path of index.html.

    Raises:
        ResultsError: A probe of a run cannot be read.
        FileError: A file cannot be written, or would replace one that is not from a site.
    """
    templates = page_templates()
    slugs = unique_slugs([board.name for board in boards])
    with report_folder(out) as folder:
        for board, slug in zip(boards, slugs, strict=True):
            _write_board(board, folder / slug, templates)
        index = templates.get_template("leaderboard_index.html").render(
            boards=[
                (board, slug, board.rankings["mean"][:3])
                for board, slug in zip(boards, slugs, strict=True)
            ],
            rule=RANKING_RULE,
            version=__version__,
        )
        write_text(folder / "index.html", index)
    return out / "index.html"


def _write_board(board: Board, folder: Path, templates: Environment) -> None:
    slugs = unique_slugs([entry.name for entry in board.models])
    links = {e.name: f"models/{slug}.html" for e, slug in zip(board.models, slugs, strict=True)}
    files = write_csv_files(board, folder / "tables")
    write_text(folder / "index.html", board_page(board, links, files, templates))
    for entry in board.models:
        write_text(folder / links[entry.name], model_page(board, entry, templates))
