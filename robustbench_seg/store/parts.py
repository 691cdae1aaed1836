"""Parts: the immutable Parquet files of a run's rows, with a column for each measure.

    image, corruption, severity, reason, and a list column for each measure; also source, the
    digests of the prediction files, if predictions were read from files

A part's metadata names its measures and their law versions: each row without a reason has all of
them. It also has the sha256 of each column and of the run's key, and the part's name has that of
the metadata, so that reading detects a damaged part or a part of another run. Older parts do not
name their run; those of format 1 have no metadata and contain only confusion matrices.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from robustbench_seg.errors import ResultsError
from robustbench_seg.files import digest_bytes, digest_json
from robustbench_seg.measures import MEASURES, Counts, Measure
from robustbench_seg.records.values.condition import SEVERITIES, Condition
from robustbench_seg.store.columns import (
    IDS,
    UNREADABLE,
    damage_error,
    id_columns,
    read_columns,
    write_columns,
)
from robustbench_seg.store.part_header import PartHeader, read_header
from robustbench_seg.text import one_line

_REASON = pa.field("reason", pa.string())
_Shapes = Mapping[str, tuple[int, ...]]
_FILE_DIGESTS = "source"
"""The column of the digests of prediction files."""

_ROWS = "rows"
"""The digest of the other columns: images, conditions and reasons."""


@dataclass(frozen=True, eq=False)
class Row:
    """One image under one condition.

    Attributes:
        image: The image's id.
        condition: The condition.
        values: The observations by the name of the measure; empty for an image that was left out.
        reason: Why the image was left out; None otherwise.
        file_digests: Digests of the files from which the prediction was read; None if it was
            computed.
    """

    image: str
    condition: Condition
    values: Mapping[str, Counts] = field(default_factory=dict)
    reason: str | None = None
    file_digests: str | None = None


@dataclass(frozen=True, eq=False)
class Part:
    """The rows of one part, column by column.

    Attributes:
        images: Image ids of the N rows.
        conditions: Their conditions.
        reasons: Why a row has no values; None if it has values.
        values: For each requested measure of the part, by name, its observations of the M rows
            without a reason, in their order: M x its shape.
        file_digests: Digests of the files from which their predictions were read.
    """

    images: Sequence[str]
    conditions: Sequence[Condition]
    reasons: Sequence[str | None]
    values: Mapping[str, Counts]
    file_digests: Sequence[str | None]


def part_files(folder: Path, blocks: Collection[int] | None = None) -> list[Path]:
    """List the finished parts of a run folder, in name order.

    Args:
        folder: The run folder.
        blocks: Numbers of the blocks of images whose parts are listed; None: all.
    """
    files = sorted(p for p in (folder / "parts").glob("*.parquet") if not p.name.startswith("."))
    if blocks is None:
        return files
    return [p for p in files if not p.name[:5].isdecimal() or int(p.name[:5]) in blocks]


def write_part(folder: Path, block: int, rows: Sequence[Row], run: str) -> str:
    """Write rows that have the same measures, or none, as one part, atomically.

    Args:
        folder: The run folder.
        block: The number of the block of images.
        rows: The rows.
        run: Digest of the run's key.

    Returns:
        The file's name. It follows from the block and the content, so equal rows have the same
        name.
    """
    names = {name for row in rows for name in row.values}
    measures = [measure for measure in MEASURES if measure.name in names]
    rows = sorted(rows, key=lambda row: (row.image, row.condition))
    columns = id_columns([row.image for row in rows], [row.condition for row in rows])
    fields = list(IDS)
    columns["reason"] = [row.reason for row in rows]
    digests = {_ROWS: _digest_rows(columns)}
    for measure in measures:
        values = [row.values.get(measure.name) for row in rows]
        columns[measure.column] = [None if v is None else v.ravel() for v in values]
        observed = np.stack([v for v in values if v is not None])
        # Numbers are never null. Stating this in the schema makes reading 20 % faster.
        number = pa.field("element", pa.from_numpy_dtype(observed.dtype), nullable=False)
        fields.append(pa.field(measure.column, pa.list_(number)))
        digests[measure.name] = digest_bytes(observed.tobytes())
    extra = []
    if any(row.file_digests for row in rows):
        columns[_FILE_DIGESTS] = [row.file_digests for row in rows]
        extra.append(pa.field(_FILE_DIGESTS, pa.string()))
        digests[_FILE_DIGESTS] = _digest_texts(columns[_FILE_DIGESTS])
    header = PartHeader({measure.name: measure.law for measure in measures}, digests, run)
    name = f"{block:05d}-{header.digest}.parquet"
    path = folder / "parts" / name
    if not path.exists():
        many = [m.column for m in measures if m.byte_stream_split]
        schema = pa.schema([*fields, _REASON, *extra], header.metadata())
        write_columns(path, columns, schema, many)
    return name


def has_values(path: Path, measure: Measure | None = None) -> bool:
    """Return whether a part has a row without a reason.

    Args:
        path: The part.
        measure: The measure whose values are searched; None: any measure.

    Returns:
        False also if the part is damaged: reading its values reports the damage.
    """
    try:
        if measure is not None and not read_header(path).counted([measure]):
            return False
        return bool(read_columns(path, ["reason"])["reason"].null_count)
    except (*UNREADABLE, ResultsError):
        return False


def states_its_run(path: Path) -> bool:
    """Return whether a part names its run; older parts do not.

    Args:
        path: A part that `read_part` can read.
    """
    return read_header(path).run is not None


def read_part(
    path: Path,
    classes: int,
    measures: Sequence[Measure] = MEASURES,
    run: str | None = None,
    *,
    no_class: bool = False,
) -> Part:
    """Read one part of a run.

    Args:
        path: The part.
        classes: Number of classes of the run.
        measures: The measures to read.
        run: Digest of the run's key; None: the part may belong to any run.
        no_class: Whether predictions of the run may have no class.

    Raises:
        ResultsError: The part is damaged or belongs to another run, or its columns are not those
            of the measures.
    """
    try:
        shapes = {
            m.name: (m.shape_with_no_class if no_class else m.shape)(classes) for m in measures
        }
        return _read_part(path, measures, shapes, run)
    except UNREADABLE as error:
        why = one_line(str(error), 200) or type(error).__name__
        raise damage_error(path, why) from error


def _read_part(path: Path, measures: Sequence[Measure], shapes: _Shapes, run: str | None) -> Part:
    header = read_header(path)
    if run is not None and header.run not in (None, run):
        raise damage_error(
            path, f"it belongs to another run, whose key begins with {header.run:.8}"
        )
    counted = header.counted(measures)
    has_digests = _FILE_DIGESTS in (header.digests or {})
    columns = [*(f.name for f in [*IDS, _REASON]), *(m.column for m in counted)]
    columns += [_FILE_DIGESTS] if has_digests else []
    largest = sum(8 * int(np.prod(shapes[measure.name])) for measure in counted)
    table = read_columns(path, columns, largest).combine_chunks()
    _check_rows(path, table)
    ids = table.select(["image", "corruption", "severity", "reason"]).to_pydict()
    header.check(path, _ROWS, _digest_rows(ids))
    file_digests = table[_FILE_DIGESTS].to_pylist() if has_digests else [None] * len(table)
    if has_digests:
        header.check(path, _FILE_DIGESTS, _digest_texts(file_digests))
    scored = np.array([reason is None for reason in ids["reason"]], bool)
    values = {
        measure.name: _values(path, table, measure, shapes[measure.name], scored, header)
        for measure in counted
    }
    pairs = [*zip(ids["corruption"], ids["severity"], strict=True)]
    named = {pair: Condition(*pair) for pair in set(pairs)}
    conditions = [named[pair] for pair in pairs]
    return Part(ids["image"], conditions, ids["reason"], values, file_digests)


def _check_rows(path: Path, table: pa.Table) -> None:
    """Check the types and values of the columns that every part has."""
    for each in (*IDS, _REASON):
        found = table.schema.field(each.name).type
        text = pa.types.is_string(found) or pa.types.is_large_string(found)
        if (
            not (text or pa.types.is_null(found))
            if each.type == pa.string()
            else found != each.type
        ):
            raise damage_error(path, f"its {each.name} is not of type {each.type}")
    for each in IDS:
        if table[each.name].null_count:
            raise damage_error(path, f"a row lacks its {each.name}")
    if len(table) and not set(table["severity"].unique().to_pylist()) <= {0, *SEVERITIES}:
        raise damage_error(path, f"a severity is outside 0 to {SEVERITIES[-1]}")


def _values(
    path: Path,
    table: pa.Table,
    measure: Measure,
    shape: tuple[int, ...],
    scored: NDArray[np.bool_],
    header: PartHeader,
) -> Counts:
    """Return the observations of a measure, checked.

    Args:
        path: The part, for errors.
        table: Its columns.
        measure: The measure.
        shape: The shape of the observation of one image.
        scored: For each row, whether it has values.
        header: The metadata of the part.

    Returns:
        Mx`shape`: those of the rows with values, in their order.
    """
    column = table[measure.column]
    # combine_chunks copies even a single chunk.
    lists = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    valid = lists.is_valid().to_numpy(zero_copy_only=False)
    if not np.array_equal(valid, scored):
        raise damage_error(path, f"a row lacks a reason or values of {measure.name}, or has both")
    if not np.array_equal(np.diff(lists.offsets), np.where(valid, int(np.prod(shape)), 0)):
        size = "x".join(map(str, shape))
        raise damage_error(path, f"{measure.name}: expected {size} numbers per image")
    observed: Counts = lists.flatten().to_numpy().reshape(-1, *shape)
    header.check(path, measure.name, digest_bytes(np.ascontiguousarray(observed).data))
    if not _countable(observed):
        raise damage_error(path, f"{measure.name} contains invalid counts")
    return observed


def _countable(observed: Counts) -> bool:
    """Whether all numbers are counts: finite, not negative, and exact in sums."""
    if observed.dtype.kind not in "iuf":
        return False
    # False for nan
    return not observed.size or bool(observed.min() >= 0 and observed.max() < 2**53)


def _digest_rows(columns: Mapping[str, Sequence[object]]) -> str:
    names = ("image", "corruption", "severity", "reason")
    return digest_json([list(columns[name]) for name in names])


def _digest_texts(texts: Sequence[object]) -> str:
    return digest_json(list(texts))
