"""What the template of a model's page shows."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.boards.board import Board, RankedScore
from robustbench_seg.reporting.boards.entry import Entry
from robustbench_seg.reporting.boards.model_tables import (
    class_table,
    score_table,
    worst_conditions_table,
)
from robustbench_seg.reporting.boards.severity_charts import severity_charts
from robustbench_seg.reporting.html.fact import Fact
from robustbench_seg.reporting.html.figure import PageFigure
from robustbench_seg.reporting.html.run_facts import model_facts, run_facts
from robustbench_seg.reporting.html.table import Table
from robustbench_seg.reporting.ranking.estimate import interval_text
from robustbench_seg.text import number


@dataclass(frozen=True)
class ModelView:
    """The content of a model's page, for the template.

    Attributes:
        name: Its name.
        lead: Sentences that state its ranks.
        facts: Facts about the model, each a name and a text.
        runs: The origin of the scores, for each run.
        curves: A plot of the mIoU over severity for each corruption.
        classes: Its classes, weakest first; None if no class has a score.
        conditions: Its worst conditions; None if no condition is complete.
        scores: Every score with its rank.
        missing: For clean and each corruption without a score: what is missing.
    """

    name: str
    lead: Sequence[str]
    facts: Sequence[Fact]
    runs: Sequence[tuple[str, Sequence[Fact]]]
    curves: Sequence[PageFigure]
    classes: Table | None
    conditions: Table | None
    scores: Table
    missing: Mapping[str, str]


def model_view(board: Board, entry: Entry) -> ModelView:
    """Return the content of the page of an entry of a board.

    Raises:
        ResultsError: A probe of a run cannot be read.
    """
    scores = board.ranked_scores(entry)
    return ModelView(
        name=entry.name,
        lead=_lead(board, scores),
        facts=model_facts(entry.records),
        runs=[
            (folder.name, run_facts(folder, record))
            for folder, record in zip(entry.folders, entry.records, strict=True)
        ],
        curves=severity_charts(entry.scores.severities, board.protocol),
        classes=class_table(entry.scores.classes, board.protocol),
        conditions=worst_conditions_table(entry.scores.severities, entry.value(CLEAN.name)),
        scores=score_table(board, scores),
        missing={
            name: what
            for name, what in entry.scores.missing.items()
            if math.isnan(entry.value(name))
        },
    )


def _lead(board: Board, scores: Mapping[str, RankedScore]) -> list[str]:
    """Sentences on the ranks by the mean and the clean score."""
    if "mean" not in scores:
        return ["This model is not ranked by its mean, because conditions are missing."]
    mean, clean = scores["mean"], scores.get(CLEAN.name)
    count = len(board.rankings["mean"])
    interval = interval_text(mean.low, mean.high)
    limits = f" ({interval})" if interval else ""
    first = (
        f"Place {mean.rank} of {count} by the mean over "
        f"{board.protocol.averaged_text}: {number(mean.value)} % mIoU{limits}."
    )
    if clean is None or "retention" not in scores:
        return [first]
    keeps = number(scores["retention"].value)
    second = (
        f"Clean: {number(clean.value)} %, place {clean.rank}. Under {board.protocol.noun} it keeps "
        f"{keeps} % of that."
    )
    return [first, second]
