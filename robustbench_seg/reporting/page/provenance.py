"""The provenance of a measured row: the records of its run folders, and missing images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from robustbench_seg.codec import to_table
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.reporting.html.fact import Fact, fact_text, known_facts
from robustbench_seg.reporting.html.run_facts import run_facts
from robustbench_seg.reporting.panels import Panel
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel

RUNS_ACROSS = 6
"""Maximum number of runs side by side in a table, so that it fits on paper."""


@dataclass(frozen=True)
class RunView:
    """The provenance of one run, as the page shows it.

    Attributes:
        model: The name of its model.
        where: The run folder, after the panel if the page has several.
        facts: The most important facts.
        record: Everything else in run.json.
    """

    model: str
    where: str
    facts: Sequence[Fact]
    record: Sequence[Fact]


@dataclass(frozen=True)
class SpanCell:
    """A cell over neighbouring runs with the same value."""

    text: str
    span: int


@dataclass(frozen=True)
class FactRow:
    """A fact: its cells span all runs of the table."""

    name: str
    cells: Sequence[SpanCell]


@dataclass(frozen=True)
class FactTable:
    """Facts of runs, a column for each run."""

    runs: Sequence[RunView]
    rows: Sequence[FactRow]


def fact_tables(runs: Sequence[RunView], facts: Sequence[Sequence[Fact]]) -> list[FactTable]:
    """Return facts as one table, or as several for more than `RUNS_ACROSS` runs.

    Args:
        runs: The runs.
        facts: The name and text of each fact, for each run; each name once.

    Returns:
        The tables. A fact that all runs share is a single cell, only in the first table.
    """
    texts = [dict(each) for each in facts]
    names = list(dict.fromkeys(name for each in texts for name in each))
    tables = []
    for start in range(0, len(runs), RUNS_ACROSS):
        inside = slice(start, start + RUNS_ACROSS)
        rows = []
        for name in names:
            values = [each.get(name, "") for each in texts]
            if start == 0 or len(set(values)) > 1:
                spans = [(text, len(list(same))) for text, same in groupby(values[inside])]
                rows.append(FactRow(name, [SpanCell(*each) for each in spans]))
        if rows:
            tables.append(FactTable(runs[inside], rows))
    return tables


def run_views(panel: Panel, model: MeasuredModel, *, several: bool = False) -> list[RunView]:
    """Return the provenance of each run of a panel's model; `several`: the page has other panels.

    Raises:
        ResultsError: A probe of a run cannot be read.
    """
    views = []
    for folder, record in zip(model.folders, model.records, strict=True):
        missing = model.scored.missing_images if folder == model.folder else {}
        lacks = "; ".join(f"{name.replace('_', ' ')}: {what}" for name, what in missing.items())
        views.append(
            RunView(
                model=model.name,
                where=f"{panel.name}, {folder.name}" if several else folder.name,
                facts=[
                    *_origins(record),
                    *run_facts(folder, record),
                    Fact("severities averaged", _scored(panel)),
                    *([Fact("missing", lacks)] if lacks else []),
                ],
                record=_everything(record),
            )
        )
    return views


def _origins(record: RunRecord) -> list[Fact]:
    """Return the dataset of a run and, if this program trained the model, that of its training."""
    facts: list[tuple[str, object]] = [("dataset", f"{record.dataset} {record.split}")]
    training = record.about.training
    if training and training.dataset and training.split and training.images:
        images = f"{training.images} images of {training.dataset} {training.split}"
        start = "with initial weights of the encoder" if training.encoder else "from scratch"
        facts.append(("training", f"{start}, on {images}, seed {training.seed}"))
    return known_facts(facts)


def _everything(record: RunRecord) -> list[Fact]:
    """Return the content of run.json except names, colours and values that `run_facts` shows."""
    table = to_table(record)
    for name in ("command", "palette", "libraries", "created"):
        del table[name]
    del table["key"]["dataset"]["classes"]
    del table["key"]["corruption"]["laws"], table["key"]["segmenter"]["weights"]
    if record.key.class_map:
        del table["key"]["class_map"]["classes"], table["key"]["class_map"]["targets"]
    return _flat(table)


def _scored(panel: Panel) -> str:
    """Text such as "blur 1-5, noise 1-3": a category once for each choice of its severities."""
    perturbations = map(panel.protocol.perturbation, panel.protocol.averaged_names)
    return ", ".join(dict.fromkeys(f"{each.category} {each.scored_text}" for each in perturbations))


def _flat(value: Mapping[str, object], prefix: str = "") -> list[Fact]:
    facts = []
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            facts += _flat(inner, f"{prefix}{key} / ")
        elif inner not in (None, []):
            facts.append(Fact(f"{prefix}{key}", fact_text(inner)))
    return facts
