"""Writes boards as the pages and tables of a static site."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment

from robustbench_seg import __version__
from robustbench_seg.files import write_text
from robustbench_seg.reporting.boards.board import RANKING_RULE, Board
from robustbench_seg.reporting.boards.board_view import board_view
from robustbench_seg.reporting.boards.csv_files import write_csv_files
from robustbench_seg.reporting.boards.model_view import model_view
from robustbench_seg.reporting.html.definitions import definitions
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
    environment = page_templates()
    slugs = unique_slugs([board.name for board in boards])
    with report_folder(out) as folder:
        for board, slug in zip(boards, slugs, strict=True):
            _write_board(board, folder / slug, environment)
        index = environment.get_template("leaderboard_index.html").render(
            boards=[
                (board, slug, board.rankings["mean"][:3])
                for board, slug in zip(boards, slugs, strict=True)
            ],
            rule=RANKING_RULE,
            version=__version__,
        )
        write_text(folder / "index.html", index)
    return out / "index.html"


def _write_board(board: Board, folder: Path, environment: Environment) -> None:
    slugs = unique_slugs([entry.name for entry in board.models])
    links = {e.name: f"models/{slug}.html" for e, slug in zip(board.models, slugs, strict=True)}
    files = write_csv_files(board, folder / "tables")
    page = environment.get_template("leaderboard_board.html").render(
        board=board_view(board, links),
        rule=RANKING_RULE,
        files=files,
        definitions=definitions(),
        version=__version__,
    )
    write_text(folder / "index.html", page)
    template = environment.get_template("leaderboard_model.html")
    for entry in board.models:
        view = model_view(board, entry)
        text = template.render(board=board.name, model=view, version=__version__)
        write_text(folder / links[entry.name], text)
