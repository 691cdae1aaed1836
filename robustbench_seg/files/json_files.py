"""Reads JSON of unknown origin within limits, and writes JSON in one fixed form."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from robustbench_seg.files.atomic import write_text
from robustbench_seg.files.regular import open_regular

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
"""A JSON value."""

MAX_JSON = 16 << 20
"""Maximum size of a JSON file, in bytes."""


def canonical_json(value: Any) -> str:
    """Return the JSON of `value` for digests: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, keys in their given order."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path, limit: int = MAX_JSON) -> Any:
    """Read a JSON file of unknown origin.

    Args:
        path: The file.
        limit: Maximum size in bytes.

    Raises:
        OSError: It cannot be read, or is not a regular file.
        ValueError: It is too large, nested too deeply, not UTF-8, or not JSON, which has no NaN or
            Infinity.
    """
    with open_regular(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"it is larger than {limit >> 20} MiB")
    return parse_json(data)


def parse_json(data: bytes) -> Any:
    """Parse JSON of unknown origin.

    Raises:
        ValueError: As for read_json.
    """
    try:
        return json.loads(data.decode(), parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")
