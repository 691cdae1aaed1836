"""The facts of a run that a reader of its page looks for first."""

from pathlib import Path

from robustbench_seg.codec import to_table
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.reporting.html.class_map_facts import class_map_facts
from robustbench_seg.reporting.html.fact import Fact, known_facts
from robustbench_seg.store import probed_hardware


def run_facts(folder: Path, record: RunRecord) -> list[Fact]:
    """Return what a reader looks for first, without what the record does not state.

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
        ("test-time augmentation", str(segmenter.augment or "")),
        ("adaptation", str(segmenter.adaptation or "")),
        ("input size", segmenter.geometry_text),
        ("precision", segmenter.precision_text),
        ("hardware", _hardware(folder, record)),
        ("versions", record.libraries),
        (f"versions of the {nouns}", record.key.corruption.laws),
        ("created", record.created),
    ]
    return known_facts(values)


def _origin(record: RunRecord) -> list[tuple[str, object]]:
    """Where the corrupted images come from."""
    if foreign := record.key.corruption.foreign:
        return [("corrupted images", f"a tree of unknown origin, contents {foreign[:16]}")]
    return [("random numbers", record.stream), ("seed", record.seed)]


def _hardware(folder: Path, record: RunRecord) -> str:
    """The hardware of every start of a run: its rows may come from several machines."""
    names = dict.fromkeys([record.hardware, *probed_hardware(folder)])
    return "; ".join(name for name in names if name)
