"""The page of a model of a board."""

from collections.abc import Mapping

from jinja2 import Environment

from robustbench_seg import __version__
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.boards.board import Board, RankedScore
from robustbench_seg.reporting.boards.entry import Entry
from robustbench_seg.reporting.boards.model_tables import (
    class_table,
    score_table,
    worst_conditions_table,
)
from robustbench_seg.reporting.boards.severity_charts import severity_charts
from robustbench_seg.reporting.html.run_facts import model_facts, run_facts
from robustbench_seg.reporting.ranking.estimate import interval_text
from robustbench_seg.text import first_items, number


def model_page(board: Board, entry: Entry, templates: Environment) -> str:
    """Return the HTML of the page of a model.

    Args:
        board: The board.
        entry: The model.
        templates: The templates of pages.

    Raises:
        ResultsError: A probe of a run cannot be read.
    """
    scores = board.ranked_scores(entry)
    runs = zip(entry.folders, entry.records, strict=True)
    return templates.get_template("leaderboard_model.html").render(
        board=board,
        model=entry,
        introduction=_introduction(board, entry, scores),
        facts=model_facts(entry.records),
        curves=severity_charts(entry.severity_rows, board.protocol),
        conditions=worst_conditions_table(entry.severity_rows, entry.value(CLEAN.name)),
        classes=class_table(entry.class_rows, board.protocol),
        scores=score_table(board, scores),
        runs=[(folder.name, run_facts(folder, record)) for folder, record in runs],
        version=__version__,
    )


def _introduction(board: Board, entry: Entry, scores: Mapping[str, RankedScore]) -> list[str]:
    """Sentences on the ranks by the mean and the clean score."""
    if "mean" not in scores:
        lacking = [name.replace("_", " ") for name in entry.missing_images]
        why = f"it lacks images of {first_items(lacking, 3)}" if lacking else "a score is missing"
        return [f"This model is not ranked by its mean, because {why}."]
    mean, clean = scores["mean"], scores.get(CLEAN.name)
    count = len(board.rankings["mean"])
    interval = interval_text(mean.low, mean.high)
    in_brackets = f" ({interval})" if interval else ""
    first = (
        f"Rank {mean.rank} of {count} by the mean over "
        f"{board.protocol.words.averaged_text}: {number(mean.value)} % mIoU{in_brackets}."
    )
    if clean is None or "retention" not in scores:
        return [first]
    keeps = number(scores["retention"].value)
    second = (
        f"Clean: {number(clean.value)} %, rank {clean.rank}. Under {board.protocol.words.noun} "
        f"it keeps {keeps} % of that."
    )
    return [first, second]
