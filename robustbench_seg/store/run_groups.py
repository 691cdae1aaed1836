"""Groups run folders by model: its trainings, and their seeds of the corruptions.

Runs of one name are one model if they differ in nothing relevant except two seeds: that of the
training, and that of the corruptions' random numbers.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from robustbench_seg.errors import ResultsError, unknown
from robustbench_seg.measures import CONFUSION
from robustbench_seg.records.runs.run_difference import RunDifference
from robustbench_seg.records.runs.run_file import RUN_FILE, read_record
from robustbench_seg.records.runs.run_record import RunRecord, library_texts
from robustbench_seg.store.left_out import collected, left_out
from robustbench_seg.store.parts import has_values, part_files
from robustbench_seg.store.run_paths import Paths, list_runs, run_folder

log = logging.getLogger(__name__)

NO_MATRICES = "no confusion matrices: evaluate with the measure confusion"


def model_runs(model: str, runs: Paths) -> list[Path]:
    """Find the run folders of a model.

    Several runs of one name are one model if they differ only in the seed of the training (which
    the model's card states), in that of the corruptions, or in both. A difference in the number of
    steps, for example, makes two models. Threads and library versions may differ.

    Args:
        model: A run folder, a pack, or the name of a model.
        runs: Run folders or packs, or folders of them, to search for a name.

    Returns:
        Its folders, in the order of the seeds of its trainings, then of its corruptions.

    Raises:
        ResultsError: There is no such model, or its name is ambiguous.
    """
    if not isinstance(model, str | Path):
        raise ResultsError(f"model: {model!r:.100} is neither a name nor a run folder")
    path = Path(model)
    if (path / RUN_FILE).exists() or (path.suffix == ".zip" and path.is_file()):
        return [run_folder(path)]
    records = _records(runs)
    named = {folder: record for folder, record in records.items() if record.model == model}
    if not named:
        names = dict.fromkeys(record.model for record in records.values())
        raise ResultsError(f"{unknown('model', model, names)}; or name a run folder")
    scored = _scored(named)
    groups = group_records(scored)
    if len(groups) > 1:
        raise ResultsError(
            f"{len(scored)} runs are called {model} and {_ambiguity(list(scored.values()))}; name "
            f"one folder: {', '.join(map(str, scored))}"
        )
    return groups[0]


def group_runs(runs: Paths) -> list[list[Path]]:
    """Group runs by model (see model_runs).

    Args:
        runs: Run folders, or folders of them. A run without a scored image is left out with a
            warning.

    Returns:
        The folders of each model.

    Raises:
        ResultsError: No image of any run is scored.
    """
    return group_records(_scored(_records(runs)))


def group_records(records: Mapping[Path, RunRecord]) -> list[list[Path]]:
    """Group run folders by model; a run without others of its model forms a group.

    Args:
        records: The content of the run.json of each folder.

    Returns:
        The folders of each model, in the order of the seeds of its trainings and corruptions.
    """
    by_name = dict[tuple[str, _Benchmark], list[Path]]()
    for folder, record in records.items():
        by_name.setdefault((record.model, _Benchmark.of(record)), []).append(folder)
    groups = []
    for folders in by_name.values():
        folders.sort(key=lambda folder: _seeds(records[folder]))
        together = _are_one_model([records[folder] for folder in folders])
        groups += [folders] if together else [[folder] for folder in folders]
    return groups


class _Benchmark(NamedTuple):
    """The facts that all runs of one model share."""

    dataset: str
    split: str
    protocol: str

    @classmethod
    def of(cls, record: RunRecord) -> "_Benchmark":
        return cls(record.dataset, record.split, record.protocol)


class _Training(NamedTuple):
    """The facts that identify a training; a value is None if a run does not state it."""

    seed: int | None
    weights: str | None

    @classmethod
    def of(cls, record: RunRecord) -> "_Training":
        return cls(record.training_seed, record.key.segmenter.weights)


def _ambiguity(records: Sequence[RunRecord]) -> str:
    """Return why runs of one name are not a single model."""
    benchmarks = dict.fromkeys(map(_Benchmark.of, records))
    if len(benchmarks) == 1:
        names = ", ".join(_differences(records))
        rest = f": they differ in {names}" if names else ""
        return f"are not trainings of one model with one recipe and different seeds{rest}"
    texts = [f"{each.dataset} {each.split} under {each.protocol}" for each in benchmarks]
    return f"belong to {' and to '.join(texts)}"


def _differences(records: Sequence[RunRecord]) -> Sequence[str]:
    """Name the differences that separate runs of one name, each with its values if they are short.

    If only seeds and weights differ, for example because no card states the seed, they are named.
    """
    found = [each for other in records[1:] for each in records[0].differences(other)]
    decisive = [each for each in found if not (each.of_training or each.of_corruption_seed)]
    return list(dict.fromkeys(map(_difference_text, decisive or found)))


def _difference_text(difference: RunDifference) -> str:
    """Name a difference and its two values; those of files are digests, which tell nothing."""
    one, other = difference.one, difference.other
    shown = one and other and difference.kind != "files"
    return f"{difference.name} ({one}, {other})" if shown else difference.name


def _scored(records: Mapping[Path, RunRecord]) -> Mapping[Path, RunRecord]:
    """The runs that have confusion matrices; a model that failed at once has none."""
    scored = dict[Path, RunRecord]()
    reason = "no image is scored yet; evaluate first"
    for folder, record in records.items():
        parts = part_files(folder)
        if any(has_values(part, CONFUSION) for part in parts):
            scored[folder] = record
        elif any(map(has_values, parts)):
            reason = NO_MATRICES
            log.warning("%s: %s; left out", folder, NO_MATRICES)
        else:
            log.warning("%s: no image is scored; left out", folder)
    if not scored:
        named = ", ".join(map(str, records))
        raise ResultsError(f"{named}: {reason}")
    return scored


def group_trainings(records: Mapping[Path, RunRecord]) -> list[list[Path]]:
    """Split the folders of one model by training.

    Args:
        records: The content of the run.json of each folder.

    Returns:
        For each training its folders, one for each seed of the corruptions; in their order.
    """
    folders = dict[_Training, list[Path]]()
    for folder, record in records.items():
        folders.setdefault(_Training.of(record), []).append(folder)
    return list(folders.values())


def _seeds(record: RunRecord) -> tuple[int, int]:
    """The seeds of the training and of the corruptions, by which the runs of a model are sorted."""
    return record.training_seed or 0, record.seed


def _are_one_model(records: Sequence[RunRecord]) -> bool:
    """Whether runs of one name differ only in their seeds; always true for one run."""
    own = set(map(_Training.of, records))
    seeds = {training.seed for training in own}
    return (
        len(set(map(_seeds, records))) == len(records)
        and (len(own) == 1 or (len(seeds) == len(own) and None not in seeds))
        and all(
            difference.of_training or difference.of_corruption_seed
            for other in records[1:]
            for difference in records[0].differences(other)
        )
    )


def _records(runs: Paths) -> Mapping[Path, RunRecord]:
    """The record of each readable run folder; ResultsError if two of them are the same run."""
    records = dict[Path, RunRecord]()
    first = dict[tuple[str, str], Path]()
    for folder, record in _readable(runs):
        other = first.setdefault((record.model, record.key.digest), folder)
        if other.resolve() == folder.resolve():
            records.setdefault(other, record)
            continue
        if texts := library_texts(records[other], record):
            raise ResultsError(
                f"{other} and {folder} are one run under different libraries "
                f"({', '.join(texts)}), whose results may differ; name one of them"
            )
        raise ResultsError(
            f"{other} and {folder} are the same run, in part or whole: copy the parts/ of one to "
            "those of the other, or name one of them"
        )
    return records


def _readable(runs: Paths) -> Sequence[tuple[Path, RunRecord]]:
    """The run folders and packs that can be read, with their records; ResultsError if none can."""
    found = list[tuple[Path, RunRecord]]()
    with left_out() as broken:
        for run in list_runs(runs):
            with collected(broken):
                folder = run_folder(run)
                found.append((folder, read_record(folder)))
        if broken and not found:
            raise broken[0]
    return found
