"""manifest.json of a generated tree: how it came about, and the digest of every file in it.

    format     3
    digest     sha256 of the canonical JSON of all that follows but `libraries`
    protocol, protocol_version, severities_digest, stream, stream_version, seed, dataset, split,
    laws, libraries, probe, source_sizes: see TreeRecord
    files      relative path -> {file: sha256 of its bytes, pixels: sha256 of its decoded pixels}
    links      relative path -> target of the relative link that leads to the source's labels
    left_out   relative path -> why this file could not be made (--keep-going)

The first start writes .recipe.json, the head of the manifest, before the first image; each start
that adds conditions adds their laws and probe there. The manifest is written after the last image.
Where several machines make a tree, each writes the manifest of its shard, manifest.I-of-N.json;
when the last of them is there, `merge_shards` makes manifest.json of them.
"""

import contextlib
import dataclasses
import os
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from pathlib import Path

from robustbench_seg.errors import CorruptionError
from robustbench_seg.machine.locks import presence, turn
from robustbench_seg.records.shard import WHOLE, Shard
from robustbench_seg.trees.links import keeps_no_links
from robustbench_seg.trees.record import TreeRecord, check_goes_on
from robustbench_seg.trees.record_file import read_record_file, write_record_file

MANIFEST = "manifest.json"
RECORD_FILE = ".recipe.json"


@dataclass(frozen=True)
class Digests:
    """sha256 of a file's bytes, and of the shape and bytes of its decoded pixels."""

    file: str
    pixels: str


@dataclass(frozen=True, kw_only=True)
class Manifest(TreeRecord):
    """A tree's record, and its files: see the head of this file."""

    files: Mapping[str, Digests]
    links: Mapping[str, str]
    left_out: Mapping[str, str]

    def __repr__(self) -> str:
        return f"<tree of {self.dataset} {self.split}: {len(self.files)} files>"

    @property
    def record(self) -> TreeRecord:
        """The head alone."""
        names = (field.name for field in dataclasses.fields(TreeRecord))
        return TreeRecord(**{name: getattr(self, name) for name in names})

    def joined(self, other: "Manifest") -> "Manifest":
        """Both; where they differ on a path, what `other` says."""
        files = {**self.files, **other.files}
        left_out = {**self.left_out, **other.left_out}
        return dataclasses.replace(
            self.extended(other),
            files=files,
            links={**self.links, **other.links},
            left_out={name: why for name, why in left_out.items() if name not in files},
        )


def begin_or_continue(
    folder: Path, wanted: TreeRecord, check: Callable[[TreeRecord], object]
) -> TreeRecord:
    """Begin a tree in `folder`, before anything else is written there, or go on with one.

    Args:
        folder: The tree's folder; it exists.
        wanted: The record of what is to be made, with its probe.
        check: Called with the record of the tree that stands there, before `wanted` is added to
            it; what it raises keeps the tree as it is.

    Returns:
        The record of the tree as it was begun.

    Raises:
        CorruptionError: The tree there is another one, or its conditions gave other pixels.
    """
    if read_tree_record(folder) is None:
        _begin(folder, wanted)
    with turn(folder / RECORD_FILE):
        begun = read_tree_record(folder) or wanted
        check_goes_on(folder, begun, wanted)
        check(begun)
        if begun.extended(wanted) != begun or not (folder / RECORD_FILE).exists():
            write_record_file(folder / RECORD_FILE, begun.extended(wanted))
    return begun


def _begin(folder: Path, record: TreeRecord) -> None:
    """Write the first record of a tree; of several processes, the first one's stays."""
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
    """The record of the tree in `folder`, of all that it holds; None if none was begun there."""
    records: list[TreeRecord] = []
    if (folder / RECORD_FILE).exists():
        path = folder / RECORD_FILE
        records.append(read_record_file(TreeRecord, path))
    if (folder / MANIFEST).exists():
        records.append(read_manifest(folder).record)
    records += [read_shard(path).record for path in shard_manifests(folder).values()]
    for other in records[1:]:
        check_goes_on(folder, records[0], other)
    return reduce(TreeRecord.extended, records) if records else None


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a generated tree.

    CorruptionError if there is none, CardError if it is wrong.
    """
    path = folder / MANIFEST
    if path.exists():
        return read_shard(path)
    if shard_manifests(folder):
        raise CorruptionError(
            f"{folder} was made in shards that are not merged yet: robustseg verify {folder}"
        )
    if (folder / RECORD_FILE).exists():
        raise CorruptionError(
            f"{folder} has no {MANIFEST}: it is not finished; start generate-cityscapes-c on it "
            "again to finish it"
        )
    raise CorruptionError(
        f"{folder} has no {MANIFEST} and no {RECORD_FILE}: it is no tree that "
        "generate-cityscapes-c has made; give the folder of one"
    )


def shard_manifests(folder: Path) -> Mapping[Shard, Path]:
    """The manifests of the shards that are finished and not merged."""
    found = {}
    for path in sorted(folder.glob("manifest.*-of-*.json")):
        match = re.fullmatch(r"manifest\.([0-9]{1,9})-of-([0-9]{1,9})\.json", path.name)
        if match and 1 <= int(match[1]) <= int(match[2]):
            found[Shard(int(match[1]), int(match[2]))] = path
    return found


def read_shard(path: Path) -> Manifest:
    """Read the manifest file of a shard, or of a whole tree."""
    return read_record_file(Manifest, path)


def merge_shards(folder: Path) -> bool:
    """Make one manifest of those of all shards, and of the one that was there before.

    Returns whether there were any. CorruptionError names those that are not finished, or says how
    they differ in what decides pixels.
    """
    if not shard_manifests(folder):
        return False
    # Where no lock can tell, all shards are finished: nobody is at work.
    with presence(folder, unlocked=True) as sweep, turn(folder / RECORD_FILE):
        _merge_shards(folder)
        sweep()
    return True


def _merge_shards(folder: Path) -> None:
    parts = shard_manifests(folder)
    counts = {shard.count for shard in parts}
    for count in counts:
        missing = (i for i in range(1, count + 1) if Shard(i, count) not in parts)
        if first := list(islice(missing, 20)):
            lacking = count - sum(shard.count == count for shard in parts)
            more = f" and {lacking - len(first)} more" if lacking > len(first) else ""
            raise CorruptionError(
                f"{folder}: of {count} shards {', '.join(map(str, first))}{more} are not finished; "
                f"start generate-cityscapes-c with --shard I/{count} for each, or without --shard"
            )
    standing = [read_manifest(folder)] if (folder / MANIFEST).exists() else []
    standing += [read_shard(path) for path in parts.values()]
    for other in standing[1:]:
        check_goes_on(folder, standing[0], other)
    write_manifest(folder, reduce(Manifest.joined, standing))
    for path in parts.values():
        path.unlink(missing_ok=True)


def write_manifest(folder: Path, manifest: Manifest, shard: Shard = WHOLE) -> None:
    """Write `manifest` atomically."""
    name = MANIFEST if shard == WHOLE else f"manifest.{shard}.json"
    write_record_file(folder / name, manifest)
