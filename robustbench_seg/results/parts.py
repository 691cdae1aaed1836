"""Parts: the immutable Parquet files that hold a run's rows, a column for each measure.

    image, corruption, severity, reason, and a list column for each measure

A part's metadata names its measures and their law versions: each row without a reason has all of
them. Parts of format 1 have no metadata and hold confusion matrices alone.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from robustbench_seg.errors import ResultsError
from robustbench_seg.files import atomic_path
from robustbench_seg.measures import CONFUSION, MEASURES, Counts, Measure
from robustbench_seg.records.protocol import Condition
from robustbench_seg.results.writing import writing

_META = b"robustseg measures"

_IDS = [
    pa.field("image", pa.string(), nullable=False),
    pa.field("corruption", pa.string(), nullable=False),
    pa.field("severity", pa.int8(), nullable=False),
]
_REASON = pa.field("reason", pa.string())
_TIMINGS = pa.schema([*_IDS, pa.field("corrupt", pa.float32()), pa.field("predict", pa.float32())])


@dataclass(frozen=True, eq=False)
class Row:
    """One image under one condition.

    Attributes:
        image: The image's id.
        condition: The condition.
        values: What each measure observed, by its name; empty for an image left out.
        reason: Why it was left out; None otherwise.
    """

    image: str
    condition: Condition
    values: Mapping[str, Counts] = field(default_factory=dict)
    reason: str | None = None


@dataclass(frozen=True)
class Timing:
    """Seconds that one image took under one condition: to make or read it, and to segment it."""

    image: str
    condition: Condition
    corrupt: float
    predict: float


@dataclass(frozen=True, eq=False)
class Part:
    """The rows of one part, column by column.

    Attributes:
        images: Image ids of the N rows.
        conditions: Their conditions.
        reasons: Why a row has no values; None where it has.
        values: For each measure of the part that is asked for, by name: what it observed of the M
            rows without a reason, in their order: M x its shape.
    """

    images: Sequence[str]
    conditions: Sequence[Condition]
    reasons: Sequence[str | None]
    values: Mapping[str, Counts]


def part_files(folder: Path) -> list[Path]:
    """The finished parts of a run folder, in name order."""
    return sorted(p for p in (folder / "parts").glob("*.parquet") if not p.name.startswith("."))


def write_part(folder: Path, block: int, rows: Sequence[Row]) -> str:
    """Write rows that have the same measures, or none, as one part; all of it or nothing.

    Its name is made of its block and of all that it holds: equal rows have one name.

    Returns the file's name.
    """
    names = {name for row in rows for name in row.values}
    measures = [measure for measure in MEASURES if measure.name in names]
    rows = sorted(rows, key=lambda row: (row.image, row.condition))
    name = f"{block:05d}-{_digest(rows, measures)}.parquet"
    path = folder / "parts" / name
    if path.exists():
        return name
    columns = dict(_ids(rows))
    fields = list(_IDS)
    for measure in measures:
        values = [row.values.get(measure.name) for row in rows]
        columns[measure.column] = [None if v is None else v.ravel() for v in values]
        kind = next(v.dtype for v in values if v is not None)
        fields.append(pa.field(measure.column, pa.list_(pa.from_numpy_dtype(kind))))
    columns["reason"] = [row.reason for row in rows]
    laws = {measure.name: measure.law for measure in measures}
    schema = pa.schema([*fields, _REASON], {_META: json.dumps(laws).encode()})
    _write(path, columns, schema)
    return name


def write_timings(folder: Path, name: str, timings: Sequence[Timing]) -> None:
    """Write the seconds of the rows of the part called `name`."""
    columns = dict(_ids(timings))
    columns["corrupt"] = [timing.corrupt for timing in timings]
    columns["predict"] = [timing.predict for timing in timings]
    _write(folder / "timings" / name, columns, _TIMINGS)


def read_rows_there(path: Path) -> tuple[frozenset[str], list[tuple[str, Condition]]]:
    """Names of the measures of a part, and its rows without a reason; their values are not read."""
    table = _read(path, [field.name for field in [*_IDS, _REASON]])
    names = frozenset(measure.name for measure in _measures(table.schema, MEASURES))
    columns = (table[name].to_pylist() for name in ("image", "corruption", "severity", "reason"))
    rows = [
        (image, Condition(corruption, severity))
        for image, corruption, severity, reason in zip(*columns, strict=True)
        if reason is None
    ]
    return names, rows


def read_part(path: Path, classes: int, measures: Sequence[Measure] = MEASURES) -> Part:
    """Read one part of a run with so many classes.

    Raises:
        ResultsError: The part is broken, or its columns are not those of the measures.
    """
    try:
        schema = pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from None
    there = _measures(schema, measures)
    table = _read(path, [*(f.name for f in [*_IDS, _REASON]), *(m.column for m in there)])
    table = table.combine_chunks()
    images, corruptions, severities, reasons = (
        table[column].to_pylist() for column in ("image", "corruption", "severity", "reason")
    )
    has = np.array([reason is None for reason in reasons], bool)
    values = dict[str, Counts]()
    for measure in there:
        lists = table[measure.column].combine_chunks()
        valid = lists.is_valid().to_numpy(zero_copy_only=False)
        if not np.array_equal(valid, has):
            raise ResultsError(
                f"{path}: each row needs a reason, or values of {measure.name}; remove this part "
                "and evaluate again"
            )
        shape = measure.shape(classes)
        if not np.array_equal(np.diff(lists.offsets), np.where(valid, int(np.prod(shape)), 0)):
            raise ResultsError(
                f"{path}: {measure.name} of {'x'.join(map(str, shape))} numbers an image wanted, "
                "others found; remove this part and evaluate again"
            )
        values[measure.name] = lists.flatten().to_numpy().reshape(-1, *shape)
    conditions = [Condition(*pair) for pair in zip(corruptions, severities, strict=True)]
    return Part(images, conditions, reasons, values)


def _measures(schema: pa.Schema, asked: Sequence[Measure]) -> list[Measure]:
    """Those of the measures that a part holds, counted as they are now."""
    meta = (schema.metadata or {}).get(_META)
    laws = {CONFUSION.name: CONFUSION.law} if meta is None else json.loads(meta)
    return [measure for measure in asked if laws.get(measure.name) == measure.law]


def _digest(rows: Sequence[Row], measures: Sequence[Measure]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps([row.image, *_pair(row.condition), row.reason]).encode())
        for measure in measures:
            value: NDArray[Any] | None = row.values.get(measure.name)
            if value is not None:
                digest.update(f"{measure.name} {measure.law}".encode() + value.tobytes())
    return digest.hexdigest()[:16]


def _ids(rows: Sequence[Row] | Sequence[Timing]) -> Mapping[str, Any]:
    return {
        "image": [row.image for row in rows],
        "corruption": [row.condition.name for row in rows],
        "severity": [row.condition.severity for row in rows],
    }


def _pair(condition: Condition) -> tuple[str, int]:
    return condition.name, condition.severity


def _write(path: Path, columns: Mapping[str, Any], schema: pa.Schema) -> None:
    with writing(path), atomic_path(path) as partial:
        pq.write_table(pa.table(columns, schema=schema), partial, compression="zstd")


def _read(path: Path, columns: Sequence[str]) -> pa.Table:
    try:
        return pq.read_table(path, columns=list(columns), partitioning=None)
    except (OSError, pa.ArrowException, KeyError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: BaseException) -> ResultsError:
    why = (str(error).splitlines() or [type(error).__name__])[0]
    return ResultsError(f"{path} cannot be read ({why}); remove this part and evaluate again")
