"""Frozen dataclass <-> TOML."""

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import tomli_w

from robustbench_seg.codec.tables import Record, from_table, to_table
from robustbench_seg.errors import CardError
from robustbench_seg.files import check_regular
from robustbench_seg.text import one_line

MAX_BYTES = 4 << 20
"""The largest TOML file that is read."""


def read_toml(kind: type[Record], path: Path, what: str) -> Record:
    """Read a TOML file.

    Args:
        kind: The dataclass.
        path: The file, UTF-8 with or without a byte order mark.
        what: What the file is, for errors, such as "model card".

    Raises:
        CardError: The file cannot be read, is not UTF-8, or has wrong contents.
    """
    try:
        check_regular(path)
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise CardError(
            f"{path!s:.200}: there is no such file; give the path of the {what}"
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = getattr(error, "strerror", None) or error
        raise CardError(f"{path!s:.200}: the {what} cannot be read ({why})") from error
    if len(data) > MAX_BYTES:
        raise CardError(f"{path}: the {what} cannot be read (larger than {MAX_BYTES >> 20} MiB)")
    try:
        if b"\0" in data:
            raise UnicodeError  # TOML never contains NUL, but text in UTF-16 does
        text = data.decode("utf-8-sig")
    except UnicodeError as error:
        raise CardError(f"{path}: the {what} is not UTF-8 text; save it as UTF-8") from error
    return parse_toml(kind, text, str(path))


def parse_toml(kind: type[Record], text: str, where: str) -> Record:
    """Read the TOML `text` as a `kind`; `where` names its source in errors (CardError)."""
    try:
        table = tomllib.loads(text)
    except RecursionError as error:
        raise CardError(f"{where}: not valid TOML: it is nested too deeply") from error
    except ValueError as error:  # also raised for a number with thousands of digits
        raise CardError(f"{where}: not valid TOML: {one_line(str(error), 200)}") from error
    return from_table(kind, table, where)


def to_toml(record: object, remark: str = "", without: Collection[str] = ()) -> str:
    """The TOML of a dataclass. Fields that are None are left out.

    Args:
        record: The dataclass.
        remark: A comment at the head, one or more lines; control characters become spaces.
        without: Names of fields to leave out.

    Raises:
        TypeError: A value has no counterpart in TOML, such as None in a list.
    """
    table = {name: value for name, value in to_table(record).items() if name not in without}
    comment = "".join(f"# {one_line(line)}".rstrip() + "\n" for line in remark.splitlines())
    return comment + tomli_w.dumps(_without_none(table))


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_none(value) if isinstance(value, dict) else value
        for key, value in table.items()
        if value is not None
    }
