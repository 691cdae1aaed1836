"""A run's folder: what was run, and one confusion matrix for each image and condition.

    run.json            what was run, in clear; its `key` holds exactly what changes a number.
                        Written first, never changed
    parts/*.parquet     rows of a block of images, each file written atomically and never changed
    timings/*.parquet   seconds, one file beside each part; never part of an equality
    pictures/           the first image and the hardest ones with their predictions, for the report

The folder's name ends in the first digits of the key's digest, so two different runs never share
a folder. Two folders hold equal results when they hold the same set of
(image, corruption, severity, matrix); how rows are spread over parts means nothing.
"""

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from robustbench_seg.errors import ResultsError
from robustbench_seg.files import atomic_path, canonical_json, digest_bytes, write_json
from robustbench_seg.records.protocol import Condition

RUN_FILE = "run.json"
FORMAT = 1

_ROWS = pa.schema(
    [
        pa.field("image", pa.string(), nullable=False),
        pa.field("corruption", pa.string(), nullable=False),
        pa.field("severity", pa.int8(), nullable=False),
        pa.field("matrix", pa.list_(pa.int64())),
        pa.field("reason", pa.string()),
    ]
)
_TIMINGS = pa.schema(
    [
        pa.field("image", pa.string(), nullable=False),
        pa.field("corruption", pa.string(), nullable=False),
        pa.field("severity", pa.int8(), nullable=False),
        pa.field("corrupt", pa.float32()),
        pa.field("predict", pa.float32()),
    ]
)


@dataclass(frozen=True, eq=False)
class Row:
    """One image under one condition.

    matrix: int64 KxK, rows the truth, columns the prediction; None for an image left out
    reason: why it was left out; None otherwise
    """

    image: str
    condition: Condition
    matrix: NDArray[np.int64] | None
    reason: str | None = None


@dataclass(frozen=True)
class Timing:
    """Seconds that one image took under one condition: to make or read it, and to segment it."""

    image: str
    condition: Condition
    corrupt: float
    predict: float


class RunFolder:
    """A run's folder, open for adding what is missing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # By condition, because images are many: their names are shared between the sets.
        self._done: defaultdict[Condition, set[str]] = defaultdict(set)

    def has(self, image: str, condition: Condition) -> bool:
        """Whether the matrix of an image under a condition is there."""
        return image in self._done[condition]

    def __len__(self) -> int:
        """How many matrices are there."""
        return sum(map(len, self._done.values()))

    @staticmethod
    def path_of(root: Path, record: Mapping[str, Any]) -> Path:
        """The folder of the run that `record` describes under `root`."""
        digest = key_digest(record["key"])
        parts = (record["model"], record["dataset"], record["split"], digest[:8])
        return root / "-".join(map(file_name, parts))

    @classmethod
    def open(cls, root: Path, record: Mapping[str, Any]) -> "RunFolder":
        """Open the folder of the run that `record` describes under `root`, making it if needed.

        record: what run.json is to hold: model, dataset, split, key (a JSON-able mapping of
            exactly what changes a number), and any facts that change none

        Raises ResultsError if the folder exists and holds another run, or cannot be read.
        """
        digest = key_digest(record["key"])
        folder = cls(cls.path_of(root, record))
        path = folder.path / RUN_FILE
        if path.exists():
            standing = read_record(folder.path)
            if key_digest(standing["key"]) != digest:
                difference = _difference(standing["key"], record["key"])
                raise ResultsError(
                    f"{folder.path} holds another run: {difference}; choose another --out, or "
                    "remove this folder"
                )
        else:
            with writing(path):
                write_json(path, {"format": FORMAT, "digest": digest, **record})
        for part in part_files(folder.path):
            table = _read_table(part, ["image", "corruption", "severity", "reason"])
            for row in table.to_pylist():
                if row["reason"] is None:
                    condition = Condition(row["corruption"], row["severity"])
                    folder._done[condition].add(sys.intern(row["image"]))
        return folder

    def add(self, block: int, rows: Sequence[Row], timings: Sequence[Timing] = ()) -> None:
        """Write the rows of a block of images as one part; all of it or, when killed, nothing.

        The part is named by its block and by what it holds, so the same rows have one name.
        """
        if not rows:
            return
        held = sorted([r.image, *_pair(r.condition), r.matrix is None] for r in rows)
        digest = digest_bytes(canonical_json(held).encode())
        name = f"{block:05d}-{digest[:8]}.parquet"
        columns = {
            "image": [row.image for row in rows],
            "corruption": [row.condition.name for row in rows],
            "severity": [row.condition.severity for row in rows],
            "matrix": [None if row.matrix is None else row.matrix.ravel() for row in rows],
            "reason": [row.reason for row in rows],
        }
        if timings:
            times = {
                "image": [time.image for time in timings],
                "corruption": [time.condition.name for time in timings],
                "severity": [time.condition.severity for time in timings],
                "corrupt": [time.corrupt for time in timings],
                "predict": [time.predict for time in timings],
            }
            _write_table(self.path / "timings" / name, times, _TIMINGS)
        part = self.path / "parts" / name
        if not part.exists():
            _write_table(part, columns, _ROWS)
        for row in rows:
            if row.matrix is not None:
                self._done[row.condition].add(sys.intern(row.image))


def key_digest(key: Any) -> str:
    """sha256 of a run's key, as 64 hex digits."""
    return digest_bytes(canonical_json(key).encode())


def file_name(text: str) -> str:
    """`text` as part of a file name on any system.

    >>> file_name("hf:nvidia/segformer b0")
    'hf_nvidia_segformer_b0'
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._") or "_"


def read_record(folder: Path) -> dict[str, Any]:
    """What run.json of a run folder says. ResultsError if it is missing, broken or foreign."""
    path = folder / RUN_FILE
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ResultsError(f"{folder}: no {RUN_FILE} here; name a run folder") from None
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path} cannot be read ({error}); remove this run folder") from None
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise ResultsError(f"{path} is not of this program, or of another version of it")
    needed = {"model", "dataset", "split", "images", "classes", "stream", "seed", "protocol", "key"}
    missing = needed - record.keys()
    if missing:
        raise ResultsError(f"{path} lacks {', '.join(sorted(missing))}; remove this run folder")
    return record


def part_files(folder: Path) -> list[Path]:
    """The finished parts of a run folder, in name order."""
    return sorted(p for p in (folder / "parts").glob("*.parquet") if not p.name.startswith("."))


def find_runs(paths: Iterable[Path | str]) -> list[Path]:
    """The run folders named by `paths`: each is one, or a folder that holds some.

    Raises ResultsError for a path that is neither.
    """
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        if not path.is_dir():
            raise ResultsError(f"{path}: no such folder; name run folders, or a folder of them")
        if (path / RUN_FILE).exists():
            found[path] = None
            continue
        inside = sorted(run.parent for run in path.glob(f"*/{RUN_FILE}"))
        if not inside:
            raise ResultsError(
                f"{path}: no run folder here (no {RUN_FILE} in it or in its folders)"
            )
        found.update(dict.fromkeys(inside))
    return list(found)


@dataclass(frozen=True, eq=False)
class Part:
    """The rows of one part, column by column.

    matrices: int64 MxKxK, of the M rows that have no reason, in their order
    """

    images: list[str]
    corruptions: list[str]
    severities: list[int]
    reasons: list[str | None]
    matrices: NDArray[np.int64]


def read_part(path: Path, classes: int) -> Part:
    """Read one part, with matrices of KxK for K `classes`. ResultsError if it is broken."""
    table = _read_table(path, _ROWS.names).combine_chunks()
    images, names, levels, reasons = (
        table[column].to_pylist() for column in ("image", "corruption", "severity", "reason")
    )
    lists = table["matrix"].combine_chunks()
    valid = lists.is_valid().to_numpy(zero_copy_only=False)
    sizes = np.diff(lists.offsets.to_numpy())
    if not np.array_equal(sizes, np.where(valid, classes**2, 0)):
        raise ResultsError(
            f"{path}: {classes}x{classes} matrices wanted, others found; remove this part and "
            "evaluate again"
        )
    if not all(has != bool(reason) for has, reason in zip(valid, reasons, strict=True)):
        raise ResultsError(
            f"{path}: each row needs a matrix or a reason; remove this part and evaluate again"
        )
    matrices = lists.flatten().to_numpy().reshape(-1, classes, classes)
    return Part(images, names, levels, reasons, matrices)


def _pair(condition: Condition) -> tuple[str, int]:
    return condition.name, condition.severity


def _write_table(path: Path, columns: Mapping[str, Any], schema: pa.Schema) -> None:
    with writing(path), atomic_path(path) as partial:
        pq.write_table(pa.table(columns, schema=schema), partial, compression="zstd")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Around writing `path`, a file of a run: what the system refuses is a ResultsError."""
    try:
        yield
    except OSError as error:
        raise ResultsError(
            f"{path} cannot be written: {error.strerror or error}; what is finished is kept: mend "
            "this and evaluate again"
        ) from None


def _read_table(path: Path, columns: Sequence[str]) -> pa.Table:
    try:
        return pq.read_table(path, columns=list(columns), partitioning=None)
    except (OSError, pa.ArrowException, KeyError) as error:
        why = str(error).splitlines()[0]
        raise ResultsError(
            f"{path} cannot be read ({why}); remove this part and evaluate again"
        ) from None


def _difference(standing: Any, wanted: Any, where: str = "") -> str:
    """The first place where two keys differ, in words."""
    if isinstance(standing, Mapping) and isinstance(wanted, Mapping):
        for name in [*standing, *wanted]:
            if standing.get(name) != wanted.get(name):
                return _difference(standing.get(name), wanted.get(name), f"{where} {name}".strip())
    return f"its {where} is {standing}, not {wanted}"
