"""Joining the manifests of a tree: those of shards, and that of an earlier start."""

from functools import reduce
from itertools import islice
from pathlib import Path

from robustbench_seg.errors import TreeError
from robustbench_seg.machine.locks import exclusive, registered
from robustbench_seg.records.values.shard import WHOLE, Shard
from robustbench_seg.trees.continuation import check_continues
from robustbench_seg.trees.manifest import (
    MANIFEST,
    RECORD_FILE,
    Manifest,
    read_manifest,
    read_shard,
    shard_manifests,
    write_manifest,
)


def merge_shards(folder: Path) -> bool:
    """Make one manifest of those of all shards, and of the one that was there before.

    Returns whether there were any. TreeError names those that are not finished, or says how
    they differ in what decides pixels.
    """
    if not shard_manifests(folder):
        return False
    # Without locks: all shards are finished here, so no process is at work.
    with registered(folder, unlocked=True) as sweep, exclusive(folder / RECORD_FILE):
        _merge_shards(folder)
        sweep()
    return True


def _merge_shards(folder: Path) -> None:
    parts = shard_manifests(folder)
    counts = {shard.count for shard in parts}
    for count in counts:
        missing = (i for i in range(1, count + 1) if Shard(i, count) not in parts)
        if first := list(islice(missing, 20)):
            unfinished = count - sum(shard.count == count for shard in parts)
            more = f" and {unfinished - len(first)} more" if unfinished > len(first) else ""
            raise TreeError(
                f"{folder}: of {count} shards {', '.join(map(str, first))}{more} are not finished; "
                f"start generate-cityscapes-c with --shard I/{count} for each, or without --shard"
            )
    existing = [read_manifest(folder)] if (folder / MANIFEST).exists() else []
    existing += [read_shard(path) for path in parts.values()]
    for other in existing[1:]:
        check_continues(folder, existing[0], other)
    write_manifest(folder, reduce(Manifest.joined, existing))
    for path in parts.values():
        path.unlink(missing_ok=True)


def write_merged(out: Path, made: Manifest, shard: Shard) -> Manifest:
    """Write the manifest of a start, joined with what earlier starts have recorded.

    Args:
        out: The tree.
        made: The manifest of what this start has made.
        shard: The shard that it has made.

    Returns:
        The manifest that was written.
    """
    # Read only now: another process may have added other corruptions in the meantime.
    parts = shard_manifests(out)
    if shard != WHOLE:
        if shard in parts:
            made = read_shard(parts[shard]).joined(made)
        write_manifest(out, made, shard)
        return made
    existing = [read_manifest(out)] if (out / MANIFEST).exists() else []
    existing += [read_shard(path) for path in parts.values()]
    made = reduce(Manifest.joined, [*existing, made])
    write_manifest(out, made)
    for path in parts.values():
        path.unlink(missing_ok=True)
    return made
