"""Caches the scores of a leaderboard's entries, so that no run is scored twice.

The contents of the runs, the protocol and the source code of the scoring identify an entry. Its
file can be deleted at any time.
"""

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, fields
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_seg.codec import to_table
from robustbench_seg.content import content_folder
from robustbench_seg.errors import FileError, ResultsError
from robustbench_seg.files import cache_folder, digest_bytes, digest_file, digest_json, write_bytes
from robustbench_seg.machine.pool import run_in_processes
from robustbench_seg.machine.progress import progress_bar
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.runs.run_file import RUN_FILE
from robustbench_seg.reporting.boards.board_scores import BoardScore
from robustbench_seg.reporting.boards.entry import EntryScores, entry_scores
from robustbench_seg.reporting.ranking.grouping import ModelRuns
from robustbench_seg.store import is_pack_member, part_files

_SOURCES = (
    "errors.py",
    "text.py",
    "content",
    "files",
    "machine",
    "codec",
    "records",
    "datasets",
    "corruption",
    "measures",
    "store",
    "results",
    "reporting/ranking",
    "reporting/boards",
)
"""The rooms and files of the package whose code determines the scores: all that it imports."""

_TABLES = [field.name for field in fields(EntryScores) if field.type is pd.DataFrame]
"""The fields that are tables."""

_MANY = 8
"""From this number of models on, several processes save more time than their start takes."""


def cached_scores(folders: Sequence[Path], protocol: Protocol) -> EntryScores:
    """Score the runs of one model, or read its scores from the cache.

    Args:
        folders: The run folders of the model.
        protocol: The protocol.

    Raises:
        ResultsError: As for entry_scores.
    """
    path = _path(folders, protocol)
    try:
        return _read(path)
    except (OSError, ValueError, LookupError, TypeError, zipfile.BadZipFile):
        pass  # the file is missing or damaged
    scores = entry_scores(folders, protocol)
    with suppress(FileError):  # without a writable cache, nothing is cached
        write_bytes(path, _bytes(scores))
    return scores


def fill_cache(models: Sequence[ModelRuns], processes: int) -> None:
    """Score the models that the cache lacks, if there are several processes and many such models.

    A model that cannot be scored stays missing, and `cached_scores` raises its error.

    Args:
        models: The run folders and the protocol of each model.
        processes: Number of processes.
    """
    missing = [each for each in models if not _path(*each).exists()]
    if processes == 1 or len(missing) < _MANY:
        return
    with progress_bar(len(missing), desc="scores", unit="model") as bar:

        def scored(_: None) -> None:
            bar.update()

        work, died = partial(_score, missing), ResultsError("a process died")
        with suppress(ResultsError):  # this process scores the models that are left
            run_in_processes(work, len(missing), processes, scored, died=died)


def _score(models: Sequence[ModelRuns], index: int, stopped: Callable[[], bool]) -> None:
    """Score the model `index` into the cache: the work of one of several processes."""
    with suppress(ResultsError):
        cached_scores(*models[index])


def _path(folders: Sequence[Path], protocol: Protocol) -> Path:
    return cache_folder() / "leaderboard" / f"{_key(folders, protocol)}.npz"


def _key(folders: Sequence[Path], protocol: Protocol) -> str:
    runs = [
        [
            digest_file(folder / RUN_FILE),
            [_identity(part) for part in part_files(folder)],
            sorted(path.name for path in (folder / "timings").glob("*.parquet")),
        ]
        for folder in folders
    ]
    facts = [runs, to_table(protocol), _source(), np.__version__]
    return digest_json(facts)[:32]


def _identity(part: Path) -> str:
    """Return the name of a part, which follows from its content; for older parts, a digest."""
    return part.name if is_pack_member(f"parts/{part.name}") else digest_file(part)


@cache
def _source() -> str:
    """Return a digest of the code that scores, and of the datasets' groups of classes."""
    package = Path(str(resources.files("robustbench_seg")))
    files = list[Path]()
    for source in (package / name for name in _SOURCES):
        files += [source] if source.is_file() else sorted(source.rglob("*.py"))
    files += sorted(content_folder("datasets").glob("*.toml"))
    return digest_bytes("".join(map(digest_file, files)).encode())


def _bytes(scores: EntryScores) -> bytes:
    arrays, facts = dict[str, NDArray[Any]](), dict[str, Any]()
    for field in fields(scores):
        value = getattr(scores, field.name)
        if field.name in _TABLES:
            for column, values in value.items():
                is_text = isinstance(values.iloc[0], str)
                found = values.to_numpy()
                arrays[f"{field.name}/{column}"] = found.astype(str if is_text else found.dtype)
        else:
            facts[field.name] = value
    arrays["draws"] = np.stack([*facts.pop("draws").values()])
    facts["board_scores"] = [asdict(score) for score in scores.board_scores.values()]
    arrays["facts"] = np.frombuffer(json.dumps(facts, default=dict).encode(), np.uint8)
    data = io.BytesIO()
    np.savez(data, **arrays)  # type: ignore[arg-type]
    return data.getvalue()


def _read(path: Path) -> EntryScores:
    with np.load(path, allow_pickle=False) as arrays:
        stored = {name: arrays[name] for name in arrays.files}
    facts = json.loads(stored["facts"].tobytes())
    scores = [
        BoardScore(**{**each, "limits": tuple(each["limits"])})
        for each in facts.pop("board_scores")
    ]
    keys = [score.key for score in scores]
    facts["board_scores"] = dict(zip(keys, scores, strict=True))
    facts["draws"] = dict(zip(keys, stored["draws"], strict=True))
    tables = {name: _table(stored, name) for name in _TABLES}
    return EntryScores(**facts | tables)


def _table(arrays: Mapping[str, NDArray[Any]], name: str) -> pd.DataFrame:
    columns = {
        key.removeprefix(f"{name}/"): values.tolist() if values.dtype.kind == "U" else values
        for key, values in arrays.items()
        if key.startswith(f"{name}/")
    }
    return pd.DataFrame(columns)
