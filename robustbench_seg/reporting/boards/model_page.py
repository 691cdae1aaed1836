"""The page of a model: its card, ranks, curves, weak classes and worst conditions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.boards.board import Board, BoardRow
from robustbench_seg.reporting.boards.charts import Curve, curves
from robustbench_seg.reporting.boards.entry import Entry
from robustbench_seg.reporting.html.fact import Fact
from robustbench_seg.reporting.html.run_facts import run_facts
from robustbench_seg.reporting.html.table import Cell, Column, Table, TableRow
from robustbench_seg.reporting.panels.interval_text import interval_text, limits_text
from robustbench_seg.text import counted, number

WORST_CONDITIONS = 15
"""Number of worst conditions on the page."""


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
    curves: Sequence[Curve]
    classes: Table | None
    conditions: Table | None
    scores: Table
    missing: Mapping[str, str]


def model_view(board: Board, entry: Entry, ranks: Mapping[str, BoardRow]) -> ModelView:
    """Return the content of a model's page.

    Args:
        board: Its board.
        entry: The model.
        ranks: Maps the key of each score of the model to its row in the ranking.

    Raises:
        ResultsError: A probe of a run cannot be read.
    """
    return ModelView(
        name=entry.name,
        lead=_lead(board, ranks),
        facts=_card(entry.records),
        runs=[
            (folder.name, run_facts(folder, record))
            for folder, record in zip(entry.folders, entry.records, strict=True)
        ],
        curves=curves(entry.scores.severities, board.protocol),
        classes=_classes(board, entry),
        conditions=_conditions(entry),
        scores=_scores(board, ranks),
        missing=entry.scores.missing,
    )


def _lead(board: Board, ranks: Mapping[str, BoardRow]) -> list[str]:
    if "mean" not in ranks:
        return ["This model is not ranked by its mean, because it lacks conditions."]
    mean, clean = ranks["mean"], ranks.get(CLEAN.name)
    count = len(board.rankings["mean"])
    noun, averaged = board.protocol.noun, len(board.protocol.averaged_names)
    interval = interval_text(mean.low, mean.high)
    limits = f" ({interval})" if interval else ""
    first = (
        f"Place {mean.rank} of {count} by the mean over "
        f"{counted(averaged, noun)}: {number(mean.value)} % mIoU{limits}."
    )
    if clean is None or "retention" not in ranks:
        return [first]
    keeps = number(ranks["retention"].value)
    second = (
        f"Clean: {number(clean.value)} %, place {clean.rank}. Under {noun} it keeps {keeps} % "
        "of that."
    )
    return [first, second]


def _card(records: Sequence[RunRecord]) -> list[Fact]:
    """List what the runs of a model have in common, and the weights and seeds of its trainings."""
    about, segmenter = records[0].about, records[0].key.segmenter
    weights = dict.fromkeys(record.key.segmenter.weights or "" for record in records)
    seeds = sorted({r.training_seed for r in records if r.training_seed is not None})
    training = about.training
    facts: list[tuple[str, str | None]] = [
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
        facts.append(("published clean mIoU", f"{about.published.miou}{where}"))
    if training:
        word = "seeds" if len(seeds) > 1 else "seed"
        seed = f", {word} {' and '.join(map(str, seeds))}" if seeds else ""
        also = f", with {training.augment}" if training.augment else ""
        facts.append(("trained on", f"{training.split}{seed}{also}"))
    return [Fact(name, text) for name, text in facts if text]


def _classes(board: Board, entry: Entry) -> Table | None:
    specs = map(board.protocol.spec, board.protocol.averaged_names)
    averaged = {CLEAN.name: (0,), **{spec.name: spec.scored for spec in specs}}
    rows = entry.scores.classes
    keys = zip(*(rows[name].tolist() for name in ("corruption", "severity", "class")), strict=True)
    iou = dict(zip(keys, rows["iou"].tolist(), strict=True))
    classes = list(dict.fromkeys(rows["class"].tolist()))
    means = {
        name: np.mean([[iou.get((name, s, c), np.nan) for c in classes] for s in severities], 0)
        for name, severities in averaged.items()
    }
    clean = means.pop(CLEAN.name)
    cells = np.stack(list(means.values()))
    corrupted = cells.mean(axis=0)
    if np.isnan(corrupted).all():
        return None
    protocol = board.protocol
    columns = [
        Column("class"),
        Column(protocol.adjective, f"mean over {protocol.over}"),
        Column("clean"),
        Column("loss", f"clean - {protocol.adjective}, in points"),
        Column(
            f"worst {protocol.noun}", "the one with the lowest mean over its severities", text=True
        ),
        Column("IoU there"),
    ]
    names, found = list(means), []
    for place in np.argsort(corrupted, kind="stable"):
        low = int(np.argmin(cells[:, place]))
        known = not np.isnan(corrupted[place])
        values = (corrupted[place], clean[place], clean[place] - corrupted[place])
        found.append(
            TableRow(
                [
                    Cell(classes[place]),
                    *(Cell(number(float(value))) for value in values),
                    Cell(names[low].replace("_", " ") if known else "", classes="text"),
                    Cell(number(float(cells[low, place])) if known else ""),
                ]
            )
        )
    note = "A class that occurs nowhere has no score."
    return Table("IoU of each class in percent, the weakest first.", columns, found, note=note)


def _conditions(entry: Entry) -> Table | None:
    rows = entry.scores.severities
    rows = rows[rows["scored"].astype(bool) & rows["miou"].notna()]
    if rows.empty:
        return None
    clean = entry.value(CLEAN.name)
    columns = [
        Column("condition"),
        Column("severity"),
        Column("category", text=True),
        Column("mIoU"),
        Column("95 % interval"),
        Column("loss", "clean - mIoU, in points"),
    ]
    found = []
    for row in rows.sort_values("miou", kind="stable").head(WORST_CONDITIONS).to_dict("records"):
        found.append(
            TableRow(
                [
                    Cell(str(row["corruption"]).replace("_", " ")),
                    Cell(str(row["severity"])),
                    Cell(str(row["category"]), classes="text"),
                    Cell(number(float(row["miou"]))),
                    Cell(limits_text(float(row["ci_low"]), float(row["ci_high"]))),
                    Cell(number(clean - float(row["miou"]))),
                ]
            )
        )
    caption = f"The {len(found)} scored conditions with the lowest mIoU, in percent."
    return Table(caption, columns, found)


def _scores(board: Board, ranks: Mapping[str, BoardRow]) -> Table:
    columns = [
        Column("score"),
        Column("of", text=True),
        Column("value"),
        Column("95 % interval"),
        Column("place"),
    ]
    rows = []
    for key, row in ranks.items():
        score = board.scores[key]
        cells = [
            Cell(f"{score.label} {'↑' if score.higher_is_better else '↓'}"),
            Cell(score.group, classes="text"),
            Cell(number(row.value, score.digits)),
            Cell(limits_text(row.low, row.high, score.digits)),
            Cell(row.rank),
        ]
        rows.append(TableRow(cells))
    note = "An arrow shows which way is better. A place with = is shared."
    return Table("Every score that models are ranked by.", columns, rows, note=note)
