"""Which run folders are one model: one run, or the trainings of one recipe that differ in seed."""

import shlex
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from robustbench_seg.errors import ResultsError, unknown
from robustbench_seg.files import canonical_json
from robustbench_seg.results.read import Paths
from robustbench_seg.results.store import RUN_FILE, find_runs, key_digest, read_record

_LITTLE = ("weights", "threads")
_TOLD_APART = (
    *("seed", "command", "minutes", "hardware", "miou", "model", "dataset", "split", "images"),
    *("encoder_sha256", "precision", "processes", "recipe"),
)
_CHANGES_NOTHING = (
    *("--seed", "--out", "--data", "--name", "--device", "--threads", "--workers"),
    *("--validate-on", "--validate-every", "--checkpoint-every", "--half"),
)


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
    records = _records(runs)
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
    records = _records(runs)
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


def training_seed(record: Mapping[str, Any]) -> int | None:
    """The seed that a run's model was trained with; None where its card does not say."""
    training = record.get("about", {}).get("training") or {}
    seed = training.get("seed")
    return seed if isinstance(seed, int) else None


def _records(runs: Paths) -> dict[Path, dict[str, Any]]:
    """What each run folder says; ResultsError if two of them are the same run."""
    named = [Path(runs)] if isinstance(runs, Path | str) else list(map(Path, runs))
    records: dict[Path, dict[str, Any]] = {}
    first: dict[tuple[str, ...], Path] = {}
    for folder in find_runs(named):
        record = read_record(folder)
        names = (record["model"], record["dataset"], record["split"])
        other = first.setdefault((*names, key_digest(record["key"])), folder)
        if other.resolve() == folder.resolve():
            records.setdefault(other, record)
            continue
        raise ResultsError(
            f"{other} and {folder} are the same run, in part or whole: copy the parts/ of one to "
            "those of the other, or name one of them"
        )
    return records


def _recipe(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a card tells of a training, beside its seed, what it took and what came of it."""
    training = record.get("about", {}).get("training") or {}
    facts = {name: value for name, value in training.items() if name not in _TOLD_APART}
    return {**facts, "options": _options(str(training.get("command") or ""))}


def _options(command: str) -> dict[str, str]:
    """The options of `robustseg train` that change what is trained: name -> value."""
    try:
        words = shlex.split(command.partition(" train ")[2])
    except ValueError:  # written by hand, and no command
        return {"command": command}
    options = {}
    for word, following in pairwise([*words, "--"]):
        if word.startswith("--") and word not in _CHANGES_NOTHING:
            value = "" if following.startswith("--") else following
            options[word] = Path(value).stem if word == "--model" else value
    return options


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
