"""Begins a tree in a folder, or resumes an existing one."""

import contextlib
import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import reduce
from pathlib import Path

from robustbench_seg.errors import TreeError
from robustbench_seg.machine.locks import exclusive
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import Condition, as_png
from robustbench_seg.trees.manifests.manifest import read_manifest_files
from robustbench_seg.trees.manifests.other_tree import other_pixels, other_source
from robustbench_seg.trees.manifests.tree_files import RECORD_FILE, read_record_file, write_table
from robustbench_seg.trees.manifests.tree_record import TreeRecord
from robustbench_seg.trees.writing.links import keeps_no_links


def begin_or_resume(
    folder: Path, planned: TreeRecord, check: Callable[[TreeRecord], object]
) -> TreeRecord:
    """Begin a tree in `folder`, before anything else is written there, or resume one.

    Args:
        folder: The tree's folder; it exists.
        planned: The record of the tree to write, with its probe.
        check: Called with the record of the existing tree, before `planned` extends it. If it
            raises, the tree does not change.

    Returns:
        The record of the tree at its beginning.

    Raises:
        TreeError: Another tree exists there, or a condition gave other pixels.
    """
    if read_tree_record(folder) is None:
        _begin(folder, planned)
    with exclusive(folder / RECORD_FILE):
        existing = read_tree_record(folder) or planned
        check_same_tree(folder, existing, planned)
        check(existing)
        if existing.extended(planned) != existing or not (folder / RECORD_FILE).exists():
            write_table(folder / RECORD_FILE, asdict(existing.extended(planned)))
    return existing


def _begin(folder: Path, record: TreeRecord) -> None:
    """Write the first record of a tree. Of several processes, the first one wins."""
    fresh, path = folder / f".recipe.{uuid.uuid4().hex[:8]}.partial.json", folder / RECORD_FILE
    write_table(fresh, asdict(record))
    try:
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)  # unlike a rename, a link never replaces a file
    except OSError as error:
        if not keeps_no_links(error, folder):
            raise
        if not path.exists():
            os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def read_tree_record(folder: Path) -> TreeRecord | None:
    """Read the record of the tree in `folder`, all shards together; None if there is no tree."""
    path = folder / RECORD_FILE
    records = [read_record_file(path)] if path.exists() else []
    records += [manifest.record for manifest in read_manifest_files(folder)]
    for other in records[1:]:
        check_same_tree(folder, records[0], other)
    return reduce(TreeRecord.extended, records) if records else None


def check_same_tree(folder: Path, existing: TreeRecord, other: TreeRecord) -> None:
    """Check that another start generates the same images as a tree.

    Args:
        folder: The tree.
        existing: The record of the tree.
        other: The record of the other start.

    Raises:
        TreeError: Settings, clean images or pixels of a condition differ.
    """
    if differences := existing.differences(other):
        raise TreeError(
            f"{folder} holds a different tree: {'; '.join(differences)}; choose another folder, "
            "or remove this one"
        )
    if replaced := [
        name for name in existing.other_sources(other.source_sizes) if _holds(folder, name)
    ]:
        then, now = existing.source_sizes, other.source_sizes
        raise TreeError(other_source(folder, replaced, then=then, now=now))
    changed = [
        name for name, digest in other.probe.items() if existing.probe.get(name, digest) != digest
    ]
    if changed:
        then_by, now_by = existing.libraries, other.libraries
        raise TreeError(other_pixels(folder, changed, then=then_by, now=now_by))


def check_folder(folder: Path, planned: TreeRecord, protocol: Protocol) -> None:
    """Check that a tree can begin or be resumed in a folder, before anything is written there.

    Args:
        folder: The folder to write to.
        planned: The record of the tree to write.
        protocol: The protocol, whose conditions are the folders of images.

    Raises:
        TreeError: The folder contains another tree, or images of unknown origin.
    """
    # Look for images first: another process may begin a tree at any time.
    file = next(_files_of(folder, protocol.conditions()), None)
    existing = read_tree_record(folder)
    if existing is not None:
        check_same_tree(folder, existing, planned)
    elif file is not None:
        raise TreeError(
            f"{folder} holds {file.relative_to(folder).as_posix()} but no record of how it was "
            "generated, so its images are of unknown origin; choose another folder (evaluate "
            "--corrupted scores such images)"
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
