"""A model of a study: the run that is meant by a name, or the runs, where it was trained anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from robustbench_seg.errors import CardError, ResultsError, unknown
from robustbench_seg.files import canonical_json
from robustbench_seg.protocol import CLEAN, Condition, Protocol, load_protocol
from robustbench_seg.results.counts import places_of
from robustbench_seg.results.hardest import Hard, hardest
from robustbench_seg.results.intervals import RESAMPLES, Bootstrap, bootstrap
from robustbench_seg.results.missing import missing
from robustbench_seg.results.read import Paths, read_counts
from robustbench_seg.results.scores import class_scores, condition_scores
from robustbench_seg.results.store import RUN_FILE, find_runs, read_record

_CONDITION = ["corruption", "severity"]
_LITTLE = ("weights", "threads")


@dataclass(frozen=True, eq=False)
class Model:
    """One model, scored.

    folders: its runs, one a training
    records: run.json of each
    drawn:   its scores and their draws
    images:  how many are scored under each condition that has rows; of several trainings, the least
    classes: columns corruption, severity, class, iou (percent, mean over the trainings; nan where
        a class does not occur, or images are missing)
    hardest: the images on which its first run did worst; none while something is missing
    missing: for each corruption (or clean) that lacks something, what and why
    """

    name: str
    folders: tuple[Path, ...]
    records: tuple[Mapping[str, Any], ...]
    drawn: Bootstrap
    images: Mapping[Condition, int]
    classes: pd.DataFrame
    hardest: tuple[Hard, ...]
    missing: Mapping[str, str]

    @property
    def seeds(self) -> tuple[int | None, ...]:
        """The seeds it was trained with; None where a run does not say."""
        return tuple(map(training_seed, self.records))


def read_model(folders: list[Path], protocol: Protocol, resamples: int = RESAMPLES) -> Model:
    """Score the runs of one model (see model_runs) under a protocol.

    Raises ResultsError for a broken run, for one whose images were corrupted with other parameters
    than the protocol's, and where no image is scored yet.
    """
    records = tuple(map(read_record, folders))
    for folder, record in zip(folders, records, strict=True):
        _check_made_for(protocol, folder, record)
    results = read_counts(folders)
    places, wanted = places_of(results), (CLEAN, *protocol.conditions())
    asked = [places[condition] for condition in wanted if condition in places]
    results = results.iloc[np.sort(np.concatenate(asked)) if asked else []]
    if not results["counts"].notna().any():
        named = ", ".join(map(str, folders))
        raise ResultsError(f"{named}: no image of this run is scored yet; evaluate it first")
    lacking: dict[str, dict[str, None]] = {}
    for folder, record in zip(folders, records, strict=True):
        rows = results[results["run"] == str(folder)]
        for name, what in missing(rows, protocol, int(record["images"])).items():
            lacking.setdefault(name, {})[what] = None
    conditions = condition_scores(results)
    images: dict[Condition, int] = {}
    for name, level, count in zip(
        conditions["corruption"], conditions["severity"], conditions["images"], strict=True
    ):
        condition = Condition(name, level)
        images[condition] = min(count, images.get(condition, count))
    return Model(
        str(records[0]["model"]),
        tuple(folders),
        records,
        bootstrap(results, protocol, resamples),
        images,
        _class_rows(results, conditions),
        tuple(hardest(results[results["run"] == str(folders[0])], protocol)),
        {name: "; ".join(what) for name, what in lacking.items()},
    )


def _class_rows(results: pd.DataFrame, conditions: pd.DataFrame) -> pd.DataFrame:
    rows = class_scores(results)
    complete = conditions.groupby(_CONDITION)["complete"].all()
    index = pd.MultiIndex.from_frame(rows[_CONDITION])
    rows["iou"] = rows["iou"].where(complete.reindex(index).to_numpy(bool))
    means = rows.groupby([*_CONDITION, "class"], sort=False)[["iou"]].mean()
    return means.reset_index()


def model_runs(model: str, runs: Paths) -> list[Path]:
    """The run folders of a model: one, or one for each training of it in the order of its seeds.

    model: a run folder, or the name of a model
    runs:  run folders, or folders of them, to look for a name in

    Several runs of one name are trainings of one model if the seeds of their trainings differ (as
    the model's card told them) and nothing else that matters does, such as the number of steps:
    threads and versions of libraries may.
    Raises ResultsError if there is no such model, or if its name may mean several.
    """
    if (Path(model) / RUN_FILE).exists():
        return [Path(model)]
    records = {folder: read_record(folder) for folder in find_runs(_listed(runs))}
    found = {folder: record for folder, record in records.items() if record["model"] == model}
    if not found:
        known = dict.fromkeys(str(record["model"]) for record in records.values())
        raise ResultsError(f"{unknown('model', model, known)}; or name a run folder")
    if not _are_trainings(list(found.values())):
        folders = ", ".join(map(str, found))
        raise ResultsError(
            f"{len(found)} runs are called {model} and are not trainings of one model by one "
            f"recipe with seeds of their own; name a folder: {folders}"
        )
    return sorted(found, key=lambda folder: training_seed(found[folder]) or 0)


def group_runs(runs: Paths) -> list[list[Path]]:
    """The runs of each model: trainings of one together (see model_runs), all others alone.

    runs: run folders, or folders of them
    """
    records = {folder: read_record(folder) for folder in find_runs(_listed(runs))}
    named: dict[tuple[str, ...], list[Path]] = {}
    for folder, record in records.items():
        where = (record["dataset"], record["split"], str(record.get("protocol")))
        named.setdefault((record["model"], *where), []).append(folder)
    groups = []
    for folders in named.values():
        folders.sort(key=lambda folder: training_seed(records[folder]) or 0)
        together = _are_trainings([records[folder] for folder in folders])
        groups += [folders] if together else [[folder] for folder in folders]
    return groups


def _are_trainings(records: Sequence[Mapping[str, Any]]) -> bool:
    """Whether runs of one name differ in the seed of training and in nothing else; one run does."""
    seeds = {training_seed(record) for record in records}
    same = {canonical_json([_how(record["key"]), _recipe(record)]) for record in records}
    return len(records) == 1 or (
        len(seeds) == len(records) and None not in seeds and len(same) == 1
    )


def own_protocol(folder: Path, record: Mapping[str, Any]) -> Protocol:
    """The protocol that a run was made under. ResultsError if it is not at hand."""
    name = str(record.get("protocol"))
    try:
        return load_protocol(name)
    except CardError as error:
        raise ResultsError(
            f"{folder}: its protocol is not at hand: {error}; give it with --protocol"
        ) from None


def _check_made_for(protocol: Protocol, folder: Path, record: Mapping[str, Any]) -> None:
    made = record["key"].get("corruption", {}).get("severities", protocol.severities_digest)
    if made != protocol.severities_digest:
        ran = f"{record.get('protocol')} {record.get('protocol_version', '')}".strip()
        raise ResultsError(
            f"{folder}: its images were corrupted as {ran} says, with other parameters than "
            f"those of {protocol.name} {protocol.version}; score runs of the two apart"
        )


def training_seed(record: Mapping[str, Any]) -> int | None:
    """The seed that a run's model was trained with; None where its card does not say."""
    training = record.get("about", {}).get("training") or {}
    seed = training.get("seed")
    return seed if isinstance(seed, int) else None


def _recipe(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the card tells of a training, beside its seed, what it took and what came of it."""
    training = record.get("about", {}).get("training") or {}
    told = ("seed", "command", "minutes", "hardware", "miou")
    return {name: value for name, value in training.items() if name not in told}


def _listed(paths: Paths) -> list[Path]:
    return [Path(paths)] if isinstance(paths, Path | str) else list(map(Path, paths))


def _how(key: Mapping[str, Any]) -> dict[str, Any]:
    """What a run's key says beside the weights, and beside what hardly changes a number.

    Threads and versions of libraries move a label in a million, a training moves points: its runs
    may come from several machines. Another version of the stream draws other noise.
    """
    segmenter = {k: v for k, v in key.get("segmenter", {}).items() if k not in _LITTLE}
    corruption = dict(key.get("corruption", {}))
    draws = (corruption.pop("versions", None) or {}).get("fast stream")
    rest = {k: v for k, v in key.items() if k not in ("segmenter", "corruption", "versions")}
    return {**rest, "segmenter": segmenter, "corruption": corruption, "draws": draws}
