"""The page of a model: its card, ranks, curves, weak classes and worst conditions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.boards.board import Board, Place
from robustbench_seg.reporting.boards.entry import Entry
from robustbench_seg.reporting.boards.model_tables import (
    class_table,
    score_table,
    worst_conditions_table,
)
from robustbench_seg.reporting.boards.severity_charts import SeverityChart, severity_charts
from robustbench_seg.reporting.html.fact import Fact, known_facts
from robustbench_seg.reporting.html.run_facts import run_facts
from robustbench_seg.reporting.html.table import Table
from robustbench_seg.reporting.panels.score_text import interval_text
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
        missing: What is missing, for each corruption.
    """

    name: str
    lead: Sequence[str]
    facts: Sequence[Fact]
    runs: Sequence[tuple[str, Sequence[Fact]]]
    curves: Sequence[SeverityChart]
    classes: Table | None
    conditions: Table | None
    scores: Table
    missing: Mapping[str, str]


def model_view(board: Board, entry: Entry, places: Mapping[str, Place]) -> ModelView:
    """Return the content of a model's page.

    Args:
        board: Its board.
        entry: The model.
        places: Maps the key of each score of the model to its place.

    Raises:
        ResultsError: A probe of a run cannot be read.
    """
    return ModelView(
        name=entry.name,
        lead=_lead(board, places),
        facts=_model_facts(entry.records),
        runs=[
            (folder.name, run_facts(folder, record))
            for folder, record in zip(entry.folders, entry.records, strict=True)
        ],
        curves=severity_charts(entry.scores.severities, board.protocol),
        classes=class_table(entry.scores.classes, board.protocol),
        conditions=worst_conditions_table(entry.scores.severities, entry.value(CLEAN.name)),
        scores=score_table(board.scores, places),
        missing=entry.scores.missing,
    )


def _lead(board: Board, places: Mapping[str, Place]) -> list[str]:
    if "mean" not in places:
        return ["This model is not ranked by its mean, because it lacks conditions."]
    mean, clean = places["mean"], places.get(CLEAN.name)
    count = len(board.rankings["mean"])
    interval = interval_text(mean.low, mean.high)
    limits = f" ({interval})" if interval else ""
    first = (
        f"Place {mean.rank} of {count} by the mean over "
        f"{board.protocol.averaged_text}: {number(mean.value)} % mIoU{limits}."
    )
    if clean is None or "retention" not in places:
        return [first]
    keeps = number(places["retention"].value)
    second = (
        f"Clean: {number(clean.value)} %, place {clean.rank}. Under {board.protocol.noun} it keeps "
        f"{keeps} % of that."
    )
    return [first, second]


def _model_facts(records: Sequence[RunRecord]) -> list[Fact]:
    """List what the runs of a model have in common, and the weights and seeds of its trainings."""
    about, segmenter = records[0].about, records[0].key.segmenter
    weights = dict.fromkeys(record.key.segmenter.weights or "" for record in records)
    seeds = sorted({r.training_seed for r in records if r.training_seed is not None})
    training = about.training
    values: list[tuple[str, str | None]] = [
        ("card", about.card),
        ("loaded by", about.location),
        ("architecture", segmenter.architecture),
        ("variant", ", ".join(f"{name} {value}" for name, value in segmenter.variant.items())),
        ("parameters", None if about.params is None else f"{about.params / 1e6:.1f} million"),
        ("multiply-accumulates", None if about.macs is None else f"{about.macs / 1e9:.1f} GMAC"),
        ("computed by", f"{segmenter.runtime}, {segmenter.precision_text}"),
        ("test-time augmentation", str(segmenter.augment or "")),
        ("adaptation", str(segmenter.adaptation or "")),
        ("input size", "x".join(map(str, segmenter.input_size or ()))),
        ("weight file", about.weights_file),
        ("weights, sha256", ", ".join(weights)),
    ]
    if about.published:
        where = f" on {about.published_on}" if about.published_on else ""
        values.append(("published clean mIoU", f"{about.published.miou}{where}"))
    if training:
        word = "seeds" if len(seeds) > 1 else "seed"
        seed = f", {word} {' and '.join(map(str, seeds))}" if seeds else ""
        also = f", with {training.augment}" if training.augment else ""
        values.append(("trained on", f"{training.split}{seed}{also}"))
    return known_facts(values)
