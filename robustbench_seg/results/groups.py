"""Which run folders are one model: one run, or the trainings of one recipe that differ in seed."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from robustbench_seg.errors import ResultsError, unknown
from robustbench_seg.records.run_record import RUN_FILE, RunRecord, read_record
from robustbench_seg.results.parts import has_values, part_files
from robustbench_seg.results.read import Paths
from robustbench_seg.results.store import find_runs

log = logging.getLogger(__name__)


def model_runs(model: str, runs: Paths) -> list[Path]:
    """The run folders of a model: one, or one for each training of it in the order of its seeds.

    model: a run folder, or the name of a model
    runs:  run folders, or folders of them, to look for a name in

    Several runs of one name are trainings of one model if the seeds of their trainings differ (as
    the model's card says) and nothing else that matters does, such as the number of steps: threads
    and versions of libraries may.
    Raises ResultsError if there is no such model, or if its name may mean several.
    """
    if (Path(model) / RUN_FILE).exists():
        return [Path(model)]
    records = _records(runs)
    named = {folder: record for folder, record in records.items() if record.model == model}
    if not named:
        known = dict.fromkeys(record.model for record in records.values())
        raise ResultsError(f"{unknown('model', model, known)}; or name a run folder")
    found = _scored(named)
    if not _are_trainings(list(found.values())):
        folders = ", ".join(map(str, found))
        raise ResultsError(
            f"{len(found)} runs are called {model} and are not trainings of one model by one "
            f"recipe with seeds of their own; name a folder: {folders}"
        )
    return sorted(found, key=lambda folder: found[folder].training_seed or 0)


def group_runs(runs: Paths) -> list[list[Path]]:
    """The runs of each model: trainings of one together (see model_runs), all others alone.

    runs: run folders, or folders of them. One without a scored image is left out with a warning

    Raises ResultsError if no image of any is scored.
    """
    records = _scored(_records(runs))
    named = dict[tuple[str, ...], list[Path]]()
    for folder, record in records.items():
        name = (record.model, record.dataset, record.split, record.protocol)
        named.setdefault(name, []).append(folder)
    groups = []
    for folders in named.values():
        folders.sort(key=lambda folder: records[folder].training_seed or 0)
        together = _are_trainings([records[folder] for folder in folders])
        groups += [folders] if together else [[folder] for folder in folders]
    return groups


def _scored(records: Mapping[Path, RunRecord]) -> Mapping[Path, RunRecord]:
    """The runs that have a row with values; a model that failed at once has none."""
    there = dict[Path, RunRecord]()
    for folder, record in records.items():
        if any(map(has_values, part_files(folder))):
            there[folder] = record
        else:
            log.warning("%s: no image is scored; left out", folder)
    if not there:
        named = ", ".join(map(str, records))
        raise ResultsError(f"{named}: no image is scored yet; evaluate first")
    return there


def _are_trainings(records: Sequence[RunRecord]) -> bool:
    """Whether runs of one name differ in the seed of training and in nothing else; one run does."""
    seeds = {record.training_seed for record in records}
    return len(records) == 1 or (
        len(seeds) == len(records)
        and None not in seeds
        and all(
            difference.kind in ("weights", "training seed")
            for other in records[1:]
            for difference in records[0].differences(other)
        )
    )


def _records(runs: Paths) -> Mapping[Path, RunRecord]:
    """What each run folder says; ResultsError if two of them are the same run."""
    named = [Path(runs)] if isinstance(runs, Path | str) else list(map(Path, runs))
    records = dict[Path, RunRecord]()
    first = dict[tuple[str, ...], Path]()
    for folder in find_runs(named):
        record = read_record(folder)
        other = first.setdefault((record.model, record.key.digest), folder)
        if other.resolve() == folder.resolve():
            records.setdefault(other, record)
            continue
        raise ResultsError(
            f"{other} and {folder} are the same run, in part or whole: copy the parts/ of one to "
            "those of the other, or name one of them"
        )
    return records
