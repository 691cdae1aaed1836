"""Reads and writes the Parquet files of a run: tables of images, conditions and further columns.

The size that a file states is checked before memory is allocated.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from robustbench_seg.errors import ResultsError
from robustbench_seg.files import atomic_file, open_regular
from robustbench_seg.records.values.condition import Condition

UNREADABLE = (
    *(OSError, ValueError, TypeError, LookupError, AttributeError, OverflowError, MemoryError),
    RuntimeError,
    pa.ArrowException,
)
"""All exceptions that reading an altered file with pyarrow can raise."""

MAX_ROWS = 100_000
"""Maximum number of rows of a block of images."""

_ROW_BYTES = 1 << 16
"""Maximum size of a row's ids and reason, in bytes."""

IDS = (
    pa.field("image", pa.string(), nullable=False),
    pa.field("corruption", pa.string(), nullable=False),
    pa.field("severity", pa.int8(), nullable=False),
)
"""The columns that every file has."""


def id_columns(
    images: Sequence[str], conditions: Sequence[Condition]
) -> dict[str, Sequence[object]]:
    """Return the values of the columns IDS.

    Args:
        images: The image id of each row.
        conditions: The condition of each row.
    """
    return {
        "image": images,
        "corruption": [condition.name for condition in conditions],
        "severity": [condition.severity for condition in conditions],
    }


def read_columns(path: Path, columns: list[str], largest: int = 0) -> pa.Table:
    """Read columns of a Parquet file of a run, within size limits.

    The size that the file states is checked against a limit before memory is allocated.

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
            raise damage_error(path, f"it states that it has {rows} rows in {groups} groups")
        schema = file.schema_arrow  # converted at each access
        for name in columns:
            if schema.get_field_index(name) < 0:
                raise damage_error(path, f"its column {name} is missing or duplicated")
        size = sum(file.metadata.row_group(n).total_byte_size for n in range(groups))
        if size > (rows + 1) * (largest + _ROW_BYTES) + (1 << 20):
            raise damage_error(path, f"it states that it has {size} bytes in {rows} rows")
        return file.read(columns=columns)


def write_columns(
    path: Path,
    columns: Mapping[str, Sequence[object]],
    schema: pa.Schema,
    many: Sequence[str] = (),
) -> None:
    """Write a Parquet file, atomically.

    Args:
        path: The file.
        columns: Maps the name of each column to its values.
        schema: Types of the columns, and metadata.
        many: Columns of counts that rarely repeat. BYTE_STREAM_SPLIT compresses them best.

    Raises:
        FileError: It cannot be written.
    """
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


def damage_error(path: Path, why: str) -> ResultsError:
    """Build the error for a file that has changed since it was written."""
    return ResultsError(f"{path} is damaged ({why})", advice="evaluate again to restore it")
