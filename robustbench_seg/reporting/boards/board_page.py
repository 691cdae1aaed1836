"""The page of a board."""

from collections.abc import Iterator, Mapping

from jinja2 import Environment

from robustbench_seg import __version__
from robustbench_seg.reporting.boards.board import RANKING_RULE, Board
from robustbench_seg.reporting.boards.board_tables import (
    board_ranking,
    perturbation_table,
    ranking_data,
)
from robustbench_seg.reporting.boards.cost_comparison import cost_charts, cost_gap_table
from robustbench_seg.reporting.html.definitions import Definition, definitions
from robustbench_seg.reporting.html.elsewhere_table import elsewhere_table


def board_page(
    board: Board, links: Mapping[str, str], files: Mapping[str, str], templates: Environment
) -> str:
    """Return the HTML of the page of a board.

    Args:
        board: The board.
        links: The address of the page of each measured model.
        files: Maps the name of each CSV file of the board to a description of its content.
        templates: The templates of pages.
    """
    return templates.get_template("leaderboard_board.html").render(
        board=board,
        ranking=board_ranking(board, links),
        ranking_data=ranking_data(board),
        perturbations=perturbation_table(board, links),
        charts=cost_charts(board),
        costs=cost_gap_table(board, links),
        elsewhere=elsewhere_table(board.published.elsewhere, board.dataset),
        files=files,
        rule=RANKING_RULE,
        definitions=definitions(_score_definitions(board)),
        version=__version__,
    )


def _score_definitions(board: Board) -> Iterator[Definition]:
    """The definitions of the further scores, by which the page can rank."""
    for score in board.scores.values():
        if score.definition:
            yield Definition(score.label, score.definition)
