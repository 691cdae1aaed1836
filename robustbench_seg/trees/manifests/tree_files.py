"""The files .recipe.json and manifest.json: their format, their digest, and checks.

A tree may come from other people, so the paths in its files must stay inside it. The digest in a
file reveals damage. It covers everything except the versions of libraries, which are only for
readers.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from robustbench_seg.codec import from_table
from robustbench_seg.errors import CardError, TreeError
from robustbench_seg.files import Json, digest_json, path_problem, read_json, write_json
from robustbench_seg.text import one_line
from robustbench_seg.trees.manifests.first_format import from_first_format
from robustbench_seg.trees.manifests.tree_record import TreeRecord

RECORD_FILE = ".recipe.json"
"""The file with the record of a tree. It is unrelated to TrainingRecipe: existing trees have this
name.
"""

MANIFEST = "manifest.json"
"""The manifest of a tree."""

FORMAT = 3
WITHOUT_DIGEST = 2

_LARGEST = 2**30
"""Maximum size in bytes; the manifest of 40,000 images has 10 MB."""

_SORTED = ("laws", "probe", "source_sizes", "files", "links", "left_out")

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CONDITION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*/[1-5]")


def read_record_file(path: Path) -> TreeRecord:
    """Read .recipe.json, of any format.

    Args:
        path: The file.

    Raises:
        TreeError: The file cannot be read, was altered, or has a newer format.
        CardError: A key is missing, or a value is wrong.
    """
    return record_of(read_table(path), path)


def record_of(table: Mapping[str, Json], path: Path) -> TreeRecord:
    """Read the record from its keys in a table; `path` is named in errors.

    Raises:
        CardError: A key is missing, or a value is wrong.
    """
    record = from_table(TreeRecord, table, str(path))
    for condition, digest in record.probe.items():
        if not _CONDITION.fullmatch(condition):
            raise damaged(
                path, f"probe: {condition!r:.70} is not a condition; expected one such as fog/3"
            )
        if not is_sha256(digest):
            raise damaged(path, f"probe: {condition}: {digest!r:.70} is not a sha256")
    check_paths(record.source_sizes, path)
    return record


def write_table(path: Path, table: Mapping[str, Json]) -> None:
    """Write a file atomically, with sorted keys, so that equal trees have equal files."""
    table = {
        key: dict(sorted(value.items())) if isinstance(value, dict) and key in _SORTED else value
        for key, value in table.items()
    }
    write_json(path, {"format": FORMAT, "digest": table_digest(table), **table})


def table_digest(table: Mapping[str, Json]) -> str:
    """Compute the digest of a table, which its file states."""
    covered = {key: value for key, value in table.items() if key != "libraries"}
    return digest_json(covered)


def check_paths(names: Iterable[str], path: Path) -> None:
    """Check that no path leads out of the tree.

    Args:
        names: The paths.
        path: The file that contains them.

    Raises:
        CardError: A path leads out of the tree.
    """
    for name in names:
        if why := path_problem(name):
            raise damaged(path, f"{name!r:.200} {why}")


def is_sha256(text: str) -> bool:
    """Whether a text is a sha256 in lower case."""
    return _SHA256.fullmatch(text) is not None


def damaged(path: Path, problem: str) -> CardError:
    """Return the error about a file whose values have the right types but are meaningless."""
    return CardError(f"{path}: {problem}; restore the file, or generate the tree again")


def read_table(path: Path) -> Mapping[str, Json]:
    """Read a file of any format as a table of the newest format, without format and digest.

    Raises:
        TreeError: The file cannot be read, was altered, or has a newer format.
    """
    try:
        table = read_json(path, _LARGEST)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or one_line(str(error), 200)
        raise TreeError(
            f"{path} cannot be read: {why}; restore it, or generate the tree again"
        ) from error
    if not isinstance(table, dict):
        raise TreeError(
            f"{path} cannot be read: it contains no table; restore it, or generate the tree again"
        )
    number = table.pop("format", 1)
    if type(number) is not int or not 1 <= number <= FORMAT:
        raise TreeError(
            f"{path} has format {number!r:.40}, but this version of robustseg reads formats 1 to "
            f"{FORMAT}; use a newer version"
        )
    if number == 1:
        return from_first_format(table, str(path))
    if number > WITHOUT_DIGEST and table.pop("digest", None) != _digest_or_none(table):
        raise TreeError(
            f"{path} was altered: its digest does not match its contents; restore it, or generate "
            "the tree again"
        )
    return table


def _digest_or_none(table: Mapping[str, Json]) -> str:
    try:
        return table_digest(table)
    except ValueError:  # a lone surrogate cannot be encoded
        return ""
