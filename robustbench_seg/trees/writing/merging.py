"""Joins the manifests of a tree: those of shards, and that of an earlier start."""

from collections.abc import Sequence
from functools import reduce
from itertools import islice
from pathlib import Path

from robustbench_seg.errors import TreeError
from robustbench_seg.machine.locks import exclusive, registered
from robustbench_seg.records.values.shard import WHOLE, Shard
from robustbench_seg.text import first_items
from robustbench_seg.trees.manifests.manifest import (
    Manifest,
    read_manifest_file,
    read_manifest_files,
    shard_manifests,
    write_manifest,
)
from robustbench_seg.trees.manifests.tree_files import RECORD_FILE
from robustbench_seg.trees.writing.resume import check_same_tree


def merge_shards(folder: Path) -> bool:
    """Merge the manifests of all shards, and an existing one, into one manifest.

    Args:
        folder: The tree.

    Returns:
        Whether there were any shards.

    Raises:
        TreeError: Shards are not finished, or differ in settings that decide pixels.
        CardError: A manifest is wrong.
    """
    if not shard_manifests(folder):
        return False
    # No locks are needed: all shards are finished, so no process is running.
    with registered(folder, unlocked=True) as sweep, exclusive(folder / RECORD_FILE):
        _merge_shards(folder)
        sweep()
    return True


def _merge_shards(folder: Path) -> None:
    _check_finished(folder)
    manifests = read_manifest_files(folder)
    for other in manifests[1:]:
        check_same_tree(folder, manifests[0].record, other.record)
    _write_joined(folder, manifests)


def _check_finished(folder: Path) -> None:
    """Raise TreeError if the manifest of a shard is missing."""
    parts = shard_manifests(folder)
    for count in {shard.count for shard in parts}:
        missing = (i for i in range(1, count + 1) if Shard(i, count) not in parts)
        if first := [str(index) for index in islice(missing, 20)]:
            unfinished = count - sum(shard.count == count for shard in parts)
            raise TreeError(
                f"{folder}: these of {count} shards are not finished: "
                f"{first_items(first, 20, unfinished)}; run generate-cityscapes-c with --shard "
                f"I/{count} for each, or without --shard"
            )


def write_merged(out: Path, new: Manifest, shard: Shard) -> Manifest:
    """Write the manifest of a start, joined with the records of earlier starts.

    Args:
        out: The tree.
        new: The manifest of this start's files.
        shard: The shard of this start.

    Returns:
        The manifest that was written.
    """
    # Read as late as possible, because another process may have added corruptions in the meantime.
    if shard == WHOLE:
        return _write_joined(out, [*read_manifest_files(out), new])
    if earlier := shard_manifests(out).get(shard):
        new = read_manifest_file(earlier).joined(new)
    write_manifest(out, new, shard)
    return new


def _write_joined(folder: Path, manifests: Sequence[Manifest]) -> Manifest:
    """Write the union of manifests as that of the whole tree, and remove those of shards."""
    joined = reduce(Manifest.joined, manifests)
    write_manifest(folder, joined)
    for path in shard_manifests(folder).values():
        path.unlink(missing_ok=True)
    return joined
