"""The most important facts of a run, and of a model, for readers of a page."""

from collections.abc import Sequence
from pathlib import Path

from robustbench_seg.codec import to_table
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.runs.segmenter_record import SegmenterRecord
from robustbench_seg.reporting.html.class_map_facts import class_map_facts
from robustbench_seg.reporting.html.fact import Fact, known_facts
from robustbench_seg.store import probed_hardware


def run_facts(folder: Path, record: RunRecord) -> list[Fact]:
    """Return the most important facts of a run, without facts that the record does not state.

    Args:
        folder: The run folder.
        record: The content of its run.json.

    Raises:
        ResultsError: A probe of the run cannot be read.
    """
    segmenter, attack = record.key.segmenter, record.key.attack
    nouns = "corruptions and attacks" if attack else "corruptions"
    values: list[tuple[str, object]] = [
        ("command", record.command),
        ("images", record.images),
        *_origin(record),
        ("attacked network", attack.attacked if attack else None),
        ("attacked images", "rounded to 8 bits" if attack and attack.is_rounded else None),
        ("protocol", record.protocol),
        *class_map_facts(record),
        ("weights", segmenter.weights),
        ("inference", to_table(segmenter.inference) if segmenter.inference else None),
        *_changes(segmenter),
        ("input size", segmenter.geometry_text),
        ("precision", segmenter.precision_text),
        ("hardware", _hardware(folder, record)),
        ("versions", record.libraries),
        (f"versions of the {nouns}", record.key.corruption.laws),
        ("created", record.created),
    ]
    return known_facts(values)


def model_facts(records: Sequence[RunRecord]) -> list[Fact]:
    """Return the common facts of a model's runs, and the weights and seeds of its trainings.

    Args:
        records: The content of run.json of each run.
    """
    about, segmenter = records[0].about, records[0].key.segmenter
    weights = dict.fromkeys(record.key.segmenter.weights or "" for record in records)
    seeds = sorted({r.training_seed for r in records if r.training_seed is not None})
    training = about.training
    values: list[tuple[str, object]] = [
        ("card", about.card),
        ("loaded by", about.location),
        ("architecture", segmenter.architecture),
        ("variant", ", ".join(f"{name} {value}" for name, value in segmenter.variant.items())),
        ("parameters", None if about.params is None else f"{about.params / 1e6:.1f} million"),
        ("multiply-accumulates", None if about.macs is None else f"{about.macs / 1e9:.1f} GMAC"),
        ("computed by", f"{segmenter.runtime}, {segmenter.precision_text}"),
        *_changes(segmenter),
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


def _changes(segmenter: SegmenterRecord) -> list[tuple[str, object]]:
    """The settings that change a network's output without changing weights."""
    return [
        ("test-time augmentation", str(segmenter.augment or "")),
        ("adaptation", str(segmenter.adaptation or "")),
    ]


def _origin(record: RunRecord) -> list[tuple[str, object]]:
    """The origin of the corrupted images."""
    if foreign := record.key.corruption.foreign:
        return [("corrupted images", f"a tree of unknown origin, contents {foreign[:16]}")]
    return [("random numbers", record.stream), ("seed", record.seed)]


def _hardware(folder: Path, record: RunRecord) -> str:
    """The hardware of every start of a run: its rows may come from several machines."""
    names = dict.fromkeys([record.hardware, *probed_hardware(folder)])
    return "; ".join(name for name in names if name)
