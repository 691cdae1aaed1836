"""Beginning a tree in a folder, or continuing the one that is there."""

import contextlib
import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from pathlib import Path

from robustbench_seg.errors import TreeError
from robustbench_seg.machine.locks import exclusive
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import Condition, as_png
from robustbench_seg.trees.links import keeps_no_links
from robustbench_seg.trees.manifest import (
    MANIFEST,
    RECORD_FILE,
    read_manifest,
    read_shard,
    shard_manifests,
)
from robustbench_seg.trees.record import TreeRecord, other_pixels, other_source
from robustbench_seg.trees.record_file import read_record_file, write_record_file


def begin_or_continue(
    folder: Path, planned: TreeRecord, check: Callable[[TreeRecord], object]
) -> TreeRecord:
    """Begin a tree in `folder`, before anything else is written there, or continue one.

    Args:
        folder: The tree's folder; it exists.
        planned: The record of the tree to write, with its probe.
        check: Called with the record of the tree that is there, before `planned` extends it. If
            it raises, the tree stays as it is.

    Returns:
        The record of the tree as it was begun.

    Raises:
        TreeError: Another tree is there, or a condition gave other pixels.
    """
    if read_tree_record(folder) is None:
        _begin(folder, planned)
    with exclusive(folder / RECORD_FILE):
        existing = read_tree_record(folder) or planned
        check_continues(folder, existing, planned)
        check(existing)
        if existing.extended(planned) != existing or not (folder / RECORD_FILE).exists():
            write_record_file(folder / RECORD_FILE, existing.extended(planned))
    return existing


def _begin(folder: Path, record: TreeRecord) -> None:
    """Write the first record of a tree. Of several processes, the first one wins."""
    fresh, path = folder / f".recipe.{uuid.uuid4().hex[:8]}.partial.json", folder / RECORD_FILE
    write_record_file(fresh, record)
    try:
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)  # unlike a rename it never replaces
    except OSError as error:
        if not keeps_no_links(error, folder):
            raise
        if not path.exists():
            os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def read_tree_record(folder: Path) -> TreeRecord | None:
    """Read the record of the tree in `folder`, all shards together; None if there is no tree."""
    records: list[TreeRecord] = []
    if (folder / RECORD_FILE).exists():
        path = folder / RECORD_FILE
        records.append(read_record_file(TreeRecord, path))
    if (folder / MANIFEST).exists():
        records.append(read_manifest(folder).record)
    records += [read_shard(path).record for path in shard_manifests(folder).values()]
    for other in records[1:]:
        check_continues(folder, records[0], other)
    return reduce(TreeRecord.extended, records) if records else None


def check_continues(folder: Path, existing: TreeRecord, other: TreeRecord) -> None:
    """Check that another start makes the same images as a tree.

    Args:
        folder: The tree.
        existing: The record of the tree.
        other: The record of the other start.

    Raises:
        TreeError: Settings, clean images or pixels of a condition differ.
    """
    if differences := existing.differences(other):
        raise TreeError(
            f"{folder} holds a tree made otherwise: {'; '.join(differences)}; "
            "choose another folder, or remove this one"
        )
    if replaced := [
        name for name in existing.other_sources(other.source_sizes) if _holds(folder, name)
    ]:
        raise TreeError(other_source(folder, replaced, existing, other.source_sizes))
    changed = [
        name for name, digest in other.probe.items() if existing.probe.get(name, digest) != digest
    ]
    if changed:
        raise TreeError(other_pixels(folder, changed, existing.libraries, other.libraries))


def check_folder(folder: Path, planned: TreeRecord, protocol: Protocol) -> None:
    """Check that a tree can begin or continue in a folder, before anything is written there.

    Args:
        folder: The folder to write to.
        planned: The record of the tree to write.
        protocol: Its conditions name the folders of images.

    Raises:
        TreeError: The folder holds another tree, or images of unknown origin.
    """
    # Look for images first: another process may begin a tree at any time.
    file = next(_files_of(folder, protocol.conditions()), None)
    existing = read_tree_record(folder)
    if existing is not None:
        check_continues(folder, existing, planned)
    elif file is not None:
        raise TreeError(
            f"{folder} holds {file.relative_to(folder).as_posix()} and no record of how its images "
            "were made: they are of unknown origin and no tree is made of them; choose another "
            "folder (evaluate --corrupted scores them as they are)"
        )


def _files_of(folder: Path, conditions: Iterable[Condition]) -> Iterator[Path]:
    """The files in folders of conditions, without links and leftovers of killed processes."""
    for condition in conditions:
        for root, _, names in os.walk(folder / condition.folder):
            paths = (Path(root) / name for name in sorted(names))
            yield from (p for p in paths if not (p.is_symlink() or ".partial" in p.name))


def _holds(folder: Path, image: str) -> bool:
    """Whether the tree has a file of a clean image, under any condition."""
    return any((condition / as_png(image)).exists() for condition in folder.glob("*/*"))
