"""Writes boards as the pages and tables of a static site."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment

from robustbench_seg import __version__
from robustbench_seg.files import write_text
from robustbench_seg.reporting.boards.board import Board
from robustbench_seg.reporting.boards.board_page import (
    RANKING_RULE,
    perturbation_table,
    ranking_data,
    ranking_table,
)
from robustbench_seg.reporting.boards.board_tables import FILES, write_board_tables
from robustbench_seg.reporting.boards.cost_comparison import cost_charts, cost_table
from robustbench_seg.reporting.boards.model_page import model_view
from robustbench_seg.reporting.html.definitions import definitions
from robustbench_seg.reporting.html.elsewhere_table import elsewhere_table
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
    slugs = unique_slugs([entry.name for entry in board.entries])
    links = {e.name: f"models/{slug}.html" for e, slug in zip(board.entries, slugs, strict=True)}
    own_places = {
        entry.name: {
            key: place
            for key, places in board.rankings.items()
            for place in places
            if place.name == entry.name and place.is_measured
        }
        for entry in board.entries
    }
    write_board_tables(board, folder / "tables")
    page = environment.get_template("leaderboard_board.html").render(
        board=board,
        ranking=ranking_table(board, links),
        data=ranking_data(board),
        miou=perturbation_table(board, links),
        charts=cost_charts(board),
        costs=cost_table(board, links),
        elsewhere=elsewhere_table(board.published.elsewhere, board.dataset),
        rule=RANKING_RULE,
        files={name: text for name, text in FILES.items() if (folder / "tables" / name).exists()},
        definitions=definitions(),
        version=__version__,
    )
    write_text(folder / "index.html", page)
    template = environment.get_template("leaderboard_model.html")
    for entry in board.entries:
        view = model_view(board, entry, own_places[entry.name])
        text = template.render(board=board, model=view, version=__version__)
        write_text(folder / links[entry.name], text)
