"""Scores of a leaderboard's entries in the cache: a run that is known is not scored again.

An entry is known by the contents of its runs, the protocol, and the source of what scores it. The
file can be deleted at any time.
"""

import io
import json
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from robustbench_seg.codec import to_table
from robustbench_seg.errors import FileError
from robustbench_seg.files import (
    cache_folder,
    canonical_json,
    digest_bytes,
    digest_file,
    write_bytes,
)
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.runs.run_file import RUN_FILE
from robustbench_seg.reporting.boards.entry import EntryScores, entry_scores
from robustbench_seg.reporting.boards.ranked_scores import RankedScore
from robustbench_seg.store.packs.pack_file import is_member
from robustbench_seg.store.parts import part_files

_TABLES = ("miou", "severities", "classes")
_PLAIN = ("units", "unit", "trainings", "drawn", "missing", "seconds")
_SOURCES = ("measures", "store", "results", "reporting/boards", "reporting/panels")
"""The rooms whose code decides the scores."""


def cached_scores(folders: Sequence[Path], protocol: Protocol) -> EntryScores:
    """Score the runs of one model, or read its scores from the cache.

    Raises:
        ResultsError: As for entry_scores.
    """
    path = cache_folder() / "leaderboard" / f"{_key(folders, protocol)}.npz"
    try:
        return _read(path)
    except (OSError, ValueError, LookupError, TypeError, zipfile.BadZipFile):
        pass  # there is none, or it is damaged
    scores = entry_scores(folders, protocol)
    with suppress(FileError):  # a cache that cannot be written is none
        write_bytes(path, _bytes(scores))
    return scores


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
    return digest_bytes(canonical_json(facts).encode())[:32]


def _identity(part: Path) -> str:
    """The name of a part, which is made of its contents; of an older one its digest."""
    return part.name if is_member(f"parts/{part.name}") else digest_file(part)


@cache
def _source() -> str:
    """A digest of the code that scores."""
    package = Path(str(resources.files("robustbench_seg")))
    files = (file for room in _SOURCES for file in sorted((package / room).rglob("*.py")))
    return digest_bytes("".join(map(digest_file, files)).encode())


def _bytes(scores: EntryScores) -> bytes:
    arrays: dict[str, Any] = {"draws": np.stack(scores.draws)}
    for name in _TABLES:
        for column, values in getattr(scores, name).items():
            is_text = isinstance(values.iloc[0], str)
            found = values.to_numpy()
            arrays[f"{name}/{column}"] = found.astype(str if is_text else found.dtype)
    facts = {name: getattr(scores, name) for name in _PLAIN}
    facts["missing"] = dict(scores.missing)
    facts["ranked"] = [asdict(score) for score in scores.ranked]
    arrays["facts"] = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    data = io.BytesIO()
    np.savez(data, **arrays)
    return data.getvalue()


def _read(path: Path) -> EntryScores:
    with np.load(path, allow_pickle=False) as arrays:
        facts = json.loads(arrays["facts"].tobytes())
        tables: dict[str, dict[str, Any]] = {name: {} for name in _TABLES}
        for key in arrays.files:
            table, _, column = key.partition("/")
            if table in tables:
                values = arrays[key]
                tables[table][column] = values.tolist() if values.dtype.kind == "U" else values
        draws = list(arrays["draws"])
    ranked = [RankedScore(**{**each, "limits": tuple(each["limits"])}) for each in facts["ranked"]]
    plain: dict[str, Any] = {name: facts[name] for name in _PLAIN}
    frames: dict[str, Any] = {name: pd.DataFrame(columns) for name, columns in tables.items()}
    return EntryScores(ranked=ranked, draws=draws, **plain, **frames)
