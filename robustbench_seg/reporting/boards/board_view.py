"""What the template of a board's page shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from robustbench_seg.reporting.boards.board import Board
from robustbench_seg.reporting.boards.board_tables import (
    board_ranking,
    perturbation_table,
    ranking_data,
)
from robustbench_seg.reporting.boards.cost_comparison import cost_charts, cost_table
from robustbench_seg.reporting.html.elsewhere_table import elsewhere_table
from robustbench_seg.reporting.html.figure import PageFigure
from robustbench_seg.reporting.html.table import Table


@dataclass(frozen=True)
class BoardView:
    """The content of a board's page, for the template.

    Attributes:
        name: Its heading.
        noun: What its protocol lists, such as "corruption".
        extent: The numbers of models, images and classes.
        citation: A sentence about the published results that are ranked; empty if there are none.
        ranking: The models by their mean.
        ranking_data: What the page's script needs to rank by another score, as JSON.
        perturbations: The mIoU of each model under each perturbation.
        charts: Scores against costs.
        costs: How far each model is behind the best of its cost; None if no cost is known.
        elsewhere: Published results that do not rank, and why; None if there are none.
    """

    name: str
    noun: str
    extent: str
    citation: str
    ranking: Table
    ranking_data: Markup
    perturbations: Table
    charts: Sequence[PageFigure]
    costs: Table | None
    elsewhere: Table | None


def board_view(board: Board, links: Mapping[str, str]) -> BoardView:
    """Return the content of a board's page.

    Args:
        board: The board.
        links: The address of the page of each measured model.
    """
    return BoardView(
        name=board.name,
        noun=board.protocol.noun,
        extent=board.extent,
        citation=board.citation,
        ranking=board_ranking(board, links),
        ranking_data=ranking_data(board),
        perturbations=perturbation_table(board, links),
        charts=cost_charts(board),
        costs=cost_table(board, links),
        elsewhere=elsewhere_table(board.published.elsewhere, board.dataset),
    )
