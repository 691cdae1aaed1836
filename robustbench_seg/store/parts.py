"""Parts: the immutable Parquet files of a run's rows, with a column for each measure.

    image, corruption, severity, reason, and a list column for each measure; also source, the
    digests of the prediction files, if predictions were read from files

A part's metadata names its measures and their law versions: each row without a reason has all of
them. It also has the sha256 of each column and of the run's key, and the part's name has that of
the metadata, so that reading detects a damaged part or a part of another run. Older parts do not
name their run; those of format 1 have no metadata and contain only confusion matrices.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from robustbench_seg.errors import ResultsError
from robustbench_seg.files import atomic_file, canonical_json, digest_bytes, open_regular
from robustbench_seg.measures import CONFUSION, MEASURES, Counts, Measure
from robustbench_seg.records.cards.protocol import SEVERITIES, Condition
from robustbench_seg.text import one_line

_LAWS = b"robustseg measures"
_DIGESTS = b"robustseg digests"
_RUN = b"robustseg run"
_SOURCE = "source"
_ROWS = "rows"
"""The digest of the other columns: images, conditions and reasons."""

UNREADABLE = (
    *(OSError, ValueError, TypeError, LookupError, AttributeError, OverflowError, MemoryError),
    RuntimeError,
    pa.ArrowException,
)
"""All exceptions that reading an altered file with pyarrow can raise."""

MAX_ROWS = 100_000
"""Upper bound of the rows of a block of images."""

_ROW_BYTES = 1 << 16
"""Upper bound of the size of a row's ids and reason."""

_NAME = re.compile(r"\d{5}-[0-9a-f]{16}")
"""Names of parts that have digests; those of format 1 are shorter."""

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
        values: The observations by the name of the measure; empty for an image that was left out.
        reason: Why the image was left out; None otherwise.
        source: Digests of the files that the prediction was read from; None if it was computed.
    """

    image: str
    condition: Condition
    values: Mapping[str, Counts] = field(default_factory=dict)
    reason: str | None = None
    source: str | None = None


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
        reasons: Why a row has no values; None if it has values.
        values: For each requested measure of the part, by name, its observations of the M rows
            without a reason, in their order: M x its shape.
        sources: Digests of the files that their predictions were read from.
    """

    images: Sequence[str]
    conditions: Sequence[Condition]
    reasons: Sequence[str | None]
    values: Mapping[str, Counts]
    sources: Sequence[str | None]


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
    """Write rows that have the same measures, or none, as one part; all of it or nothing.

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
    columns, fields = dict(_ids(rows)), list(_IDS)
    columns["reason"] = [row.reason for row in rows]
    digests = {_ROWS: _digest_rows(columns)}
    for measure in measures:
        values = [row.values.get(measure.name) for row in rows]
        columns[measure.column] = [None if v is None else v.ravel() for v in values]
        observed = np.stack([v for v in values if v is not None])
        # A number is never null, which spares the reader a fifth of its time.
        number = pa.field("element", pa.from_numpy_dtype(observed.dtype), nullable=False)
        fields.append(pa.field(measure.column, pa.list_(number)))
        digests[measure.name] = digest_bytes(observed.tobytes())
    extra = []
    if any(row.source for row in rows):
        columns[_SOURCE] = [row.source for row in rows]
        extra.append(pa.field(_SOURCE, pa.string()))
        digests[_SOURCE] = _digest_sources(columns[_SOURCE])
    laws = {measure.name: measure.law for measure in measures}
    name = f"{block:05d}-{_digest_part(laws, digests, run)}.parquet"
    path = folder / "parts" / name
    if not path.exists():
        metadata = {
            _LAWS: json.dumps(laws).encode(),
            _DIGESTS: json.dumps(digests).encode(),
            _RUN: run.encode(),
        }
        many = [m.column for m in measures if m.byte_stream_split]
        _write(path, columns, pa.schema([*fields, _REASON, *extra], metadata), many)
    return name


def write_timings(folder: Path, name: str, timings: Sequence[Timing]) -> None:
    """Write the seconds of the rows of the part called `name`."""
    columns = dict(_ids(timings))
    columns["corrupt"] = [timing.corrupt for timing in timings]
    columns["predict"] = [timing.predict for timing in timings]
    _write(folder / "timings" / name, columns, _TIMINGS)


def has_values(path: Path, measure: Measure | None = None) -> bool:
    """Whether a part has a row without a reason.

    Args:
        path: The part.
        measure: Whose values are looked for; None: of any measure.

    Returns:
        False also if the part is damaged: reading its values reports the damage.
    """
    try:
        if measure is not None and not _read_header(path).counted([measure]):
            return False
        return bool(read_columns(path, ["reason"])["reason"].null_count)
    except (*UNREADABLE, ResultsError):
        return False


def names_run(path: Path) -> bool:
    """Whether a part names its run; older parts do not.

    Args:
        path: A part that `read_part` can read.
    """
    return _read_header(path).run is not None


def read_part(
    path: Path, classes: int, measures: Sequence[Measure] = MEASURES, run: str | None = None
) -> Part:
    """Read one part of a run.

    Args:
        path: The part.
        classes: Number of classes of the run.
        measures: The measures to read.
        run: Digest of the run's key; None: the part may belong to any run.

    Raises:
        ResultsError: The part is damaged or belongs to another run, or its columns are not those
            of the measures.
    """
    try:
        return _read_part(path, classes, measures, run)
    except UNREADABLE as error:
        why = one_line(str(error), 200) or type(error).__name__
        raise _damaged(path, why) from error


def _read_part(path: Path, classes: int, measures: Sequence[Measure], run: str | None) -> Part:
    header = _read_header(path)
    if run is not None and header.run not in (None, run):
        raise _damaged(path, f"it is of another run, whose key begins with {header.run:.8}")
    counted = header.counted(measures)
    has_sources = _SOURCE in (header.digests or {})
    columns = [*(f.name for f in [*_IDS, _REASON]), *(m.column for m in counted)]
    columns += [_SOURCE] if has_sources else []
    largest = sum(8 * int(np.prod(measure.shape(classes))) for measure in counted)
    table = read_columns(path, columns, largest).combine_chunks()
    for each in (*_IDS, _REASON):
        found = table.schema.field(each.name).type
        text = pa.types.is_string(found) or pa.types.is_large_string(found)
        if (
            not (text or pa.types.is_null(found))
            if each.type == pa.string()
            else found != each.type
        ):
            raise _damaged(path, f"its {each.name} is not of type {each.type}")
    for each in _IDS:
        if table[each.name].null_count:
            raise _damaged(path, f"a row lacks its {each.name}")
    if len(table) and not set(table["severity"].unique().to_pylist()) <= {0, *SEVERITIES}:
        raise _damaged(path, "a severity is not 0 to 5")
    ids = table.select(["image", "corruption", "severity", "reason"]).to_pydict()
    _check_digest(path, header, _ROWS, _digest_rows(ids))
    sources = table[_SOURCE].to_pylist() if has_sources else [None] * len(table)
    if has_sources:
        _check_digest(path, header, _SOURCE, _digest_sources(sources))
    has = np.array([reason is None for reason in ids["reason"]], bool)
    values = dict[str, Counts]()
    for measure in counted:
        lists = table[measure.column].combine_chunks()
        valid = lists.is_valid().to_numpy(zero_copy_only=False)
        if not np.array_equal(valid, has):
            raise _damaged(path, f"a row lacks a reason or values of {measure.name}, or has both")
        shape = measure.shape(classes)
        if not np.array_equal(np.diff(lists.offsets), np.where(valid, int(np.prod(shape)), 0)):
            size = "x".join(map(str, shape))
            raise _damaged(path, f"{measure.name} of {size} numbers an image wanted, others found")
        observed = lists.flatten().to_numpy().reshape(-1, *shape)
        _check_digest(path, header, measure.name, digest_bytes(np.ascontiguousarray(observed).data))
        if not _countable(observed):
            raise _damaged(path, f"{measure.name} contains invalid counts")
        values[measure.name] = observed
    conditions = [Condition(*p) for p in zip(ids["corruption"], ids["severity"], strict=True)]
    return Part(ids["image"], conditions, ids["reason"], values, sources)


def _countable(observed: Counts) -> bool:
    """Whether all numbers are counts: finite, not negative, and exact in sums."""
    if observed.dtype.kind not in "iuf":
        return False
    return not observed.size or bool(observed.min() >= 0 and observed.max() < 2**53)  # nan: False


def read_columns(path: Path, columns: list[str], largest: int = 0) -> pa.Table:
    """Read columns of a Parquet file of a run, within bounds.

    The size that the file states is checked against a bound before memory is allocated.

    Args:
        path: The file.
        columns: Names of the columns.
        largest: The maximum bytes of values of a row, in addition to its ids and reason.

    Raises:
        ResultsError: It states an impossible size, or lacks a column.
        UNREADABLE: The file is damaged.
    """
    # An open file, because Arrow parses a name with a colon as an address.
    with open_regular(path) as data, pq.ParquetFile(data, page_checksum_verification=True) as file:
        rows, groups = file.metadata.num_rows, file.metadata.num_row_groups
        if not 0 <= rows <= MAX_ROWS or groups > MAX_ROWS:
            raise _damaged(path, f"it says that it has {rows} rows in {groups} groups")
        for name in columns:
            if file.schema_arrow.get_field_index(name) < 0:
                raise _damaged(path, f"its column {name} is missing, or there twice")
        size = sum(file.metadata.row_group(n).total_byte_size for n in range(groups))
        if size > (rows + 1) * (largest + _ROW_BYTES) + (1 << 20):
            raise _damaged(path, f"it says that it has {size} bytes in {rows} rows")
        return file.read(columns=columns)


@dataclass(frozen=True)
class _Header:
    """A part's metadata.

    Attributes:
        laws: Law version of each measure in the part.
        digests: sha256 of each of its columns; None in format 1.
        run: Digest of the run's key; None in parts that predate it.
    """

    laws: Mapping[str, int]
    digests: Mapping[str, str] | None
    run: str | None = None

    def counted(self, measures: Sequence[Measure]) -> list[Measure]:
        """The measures that the part contains with their current law version."""
        return [measure for measure in measures if self.laws.get(measure.name) == measure.law]


def _read_header(path: Path) -> _Header:
    with open_regular(path) as file:
        metadata = pq.read_schema(file).metadata or {}
    laws = json.loads(metadata[_LAWS]) if _LAWS in metadata else None
    digests = json.loads(metadata[_DIGESTS]) if _DIGESTS in metadata else None
    run = metadata[_RUN].decode() if _RUN in metadata else None
    if not _NAME.fullmatch(path.stem):
        return _Header(laws or {CONFUSION.name: CONFUSION.law}, digests, run)
    if laws is None or digests is None or _digest_part(laws, digests, run) not in path.stem:
        raise _damaged(path, "its contents are not those that its name was made of")
    return _Header(laws, digests, run)


def _check_digest(path: Path, header: _Header, column: str, found: str) -> None:
    if header.digests is not None and header.digests.get(column) != found:
        raise _damaged(path, f"its {column} are not those that its digest was made of")


def _digest_part(laws: Mapping[str, int], digests: Mapping[str, str], run: str | None) -> str:
    contents = [laws, digests, *([] if run is None else [run])]
    return digest_bytes(canonical_json(contents).encode())[:16]


def _digest_rows(columns: Mapping[str, Sequence[object]]) -> str:
    names = ("image", "corruption", "severity", "reason")
    return digest_bytes(canonical_json([list(columns[name]) for name in names]).encode())


def _digest_sources(sources: Sequence[object]) -> str:
    return digest_bytes(canonical_json(list(sources)).encode())


def _ids(rows: Sequence[Row] | Sequence[Timing]) -> Mapping[str, Sequence[object]]:
    return {
        "image": [row.image for row in rows],
        "corruption": [row.condition.name for row in rows],
        "severity": [row.condition.severity for row in rows],
    }


def _write(
    path: Path,
    columns: Mapping[str, Sequence[object]],
    schema: pa.Schema,
    many: Sequence[str] = (),
) -> None:
    """`many`: columns of counts that hardly repeat; BYTE_STREAM_SPLIT compresses them best."""
    plain = [name for name in columns if name not in many]
    encodings = {f"{name}.list.element": "BYTE_STREAM_SPLIT" for name in many}
    with atomic_file(path) as file:
        pq.write_table(
            pa.table(columns, schema=schema),
            file,
            compression="zstd",
            write_page_checksum=True,
            use_dictionary=plain if many else True,
            column_encoding=encodings or None,
        )


def _damaged(path: Path, why: str) -> ResultsError:
    return ResultsError(f"{path} is damaged ({why}); evaluate again to compute it again")
