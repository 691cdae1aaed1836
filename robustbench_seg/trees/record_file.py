""".recipe.json and manifest.json as files: their format, their digest, and what is refused.

A tree may come from somebody else, so the paths in its files must stay inside it. The digest in a
file shows damage. It covers everything but the versions of libraries, which only describe.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from robustbench_seg.codec import from_table
from robustbench_seg.errors import CardError, TreeError
from robustbench_seg.files import (
    Json,
    canonical_json,
    digest_bytes,
    path_problem,
    read_json,
    write_json,
)
from robustbench_seg.text import one_line
from robustbench_seg.trees.first_format import from_first_format
from robustbench_seg.trees.record import TreeRecord

FORMAT = 3
WITHOUT_DIGEST = 2

_LARGEST = 2**30
"""Bytes; the manifest of 40,000 images has 10 MB."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CONDITION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*/[1-5]")

Record = TypeVar("Record", bound=TreeRecord)


def read_record_file(kind: type[Record], path: Path) -> Record:
    """Read a file of any format.

    Args:
        kind: TreeRecord for .recipe.json, Manifest for a manifest.
        path: The file.

    Raises:
        TreeError: The file cannot be read, was altered, or has a newer format.
        CardError: A key is missing, or a value is wrong.
    """
    record = from_table(kind, _table_of(path), str(path))
    if problem := _problem(record):
        raise CardError(f"{path}: {problem}; restore the file, or generate the tree again")
    return record


def write_record_file(path: Path, record: TreeRecord) -> None:
    """Write a file atomically, paths and names sorted, so that equal trees have equal files."""
    table = dataclasses.asdict(record)
    for key in {"laws", "probe", "source_sizes", "files", "links", "left_out"} & table.keys():
        table[key] = dict(sorted(table[key].items()))
    write_json(path, {"format": FORMAT, "digest": _digest(table), **table})


def record_digest(record: TreeRecord) -> str:
    """Compute the digest that the file of a record, such as manifest.json, gives for itself."""
    return _digest(dataclasses.asdict(record))


def _digest(table: Mapping[str, Json]) -> str:
    covered = {key: value for key, value in table.items() if key != "libraries"}
    return digest_bytes(canonical_json(covered).encode())


def _table_of(path: Path) -> Mapping[str, Json]:
    """The table of a file of any format, as one of the newest, without format and digest."""
    try:
        table = read_json(path, _LARGEST)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or one_line(str(error), 200)
        raise TreeError(
            f"{path} cannot be read: {why}; restore it, or generate the tree again"
        ) from error
    if not isinstance(table, dict):
        raise TreeError(f"{path} cannot be read: it holds no table")
    number = table.pop("format", 1)
    if type(number) is not int or not 1 <= number <= FORMAT:
        raise TreeError(
            f"{path} has format {number!r:.40}, and this version of robustseg reads formats 1 to "
            f"{FORMAT}; use a newer one"
        )
    if number == 1:
        return from_first_format(table, str(path))
    if number > WITHOUT_DIGEST and table.pop("digest", None) != _digest_or_none(table):
        raise TreeError(
            f"{path} was altered: its digest is not that of what it says; restore it, or generate "
            "the tree again"
        )
    return table


def _digest_or_none(table: Mapping[str, Json]) -> str:
    try:
        return _digest(table)
    except ValueError:  # half a surrogate pair
        return ""


def _problem(record: TreeRecord) -> str | None:
    """What is wrong with a record beyond the types of its fields; None if nothing is."""
    for condition, digest in record.probe.items():
        if not _CONDITION.fullmatch(condition):
            return f"probe: {condition!r:.70} is not a condition; one such as fog/3 is wanted"
        if not _SHA256.fullmatch(digest):
            return f"probe: {condition}: {digest!r:.70} is not a sha256"
    names: Iterable[str] = record.source_sizes
    files: Mapping[str, Any] = getattr(record, "files", {})
    for name, digests in files.items():
        if not _SHA256.fullmatch(digests.file) or not _SHA256.fullmatch(digests.pixels):
            return f"files: {name!r:.200}: its digests are no sha256"
    links: Mapping[str, str] = getattr(record, "links", {})
    for name, target in links.items():
        if "\0" in target or Path(target).is_absolute():
            return f"links: {name!r:.200} leads to {target!r:.200}; a relative path is wanted"
    for name in (*names, *files, *links, *getattr(record, "left_out", {})):
        if why := path_problem(name):
            return f"{name!r:.200} {why}"
    return None
