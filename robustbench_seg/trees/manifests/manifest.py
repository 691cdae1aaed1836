"""manifest.json of a generated tree: its settings, and the digest of every file.

    format     3
    digest     sha256 of the canonical JSON of all further keys except `libraries`
    protocol, protocol_version, severities_digest, stream, stream_version, seed, dataset, split,
    laws, libraries, probe, source_sizes: see TreeRecord
    files      relative path -> {file: sha256 of its bytes, pixels: sha256 of its decoded pixels, or
               of the bytes of a TOML file}
    links      relative path -> target of the relative link that leads to the source's labels
    left_out   relative path -> why this file could not be created (--keep-going)

The first start writes .recipe.json, the head of the manifest, before the first image; each start
that adds conditions adds their laws and probe there. The manifest is written after the last image.
If several machines generate a tree, each writes the manifest of its shard, manifest.I-of-N.json;
when all of them exist, `merge_shards` merges them into manifest.json.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from robustbench_seg.codec import from_table
from robustbench_seg.errors import TreeError
from robustbench_seg.files import Json
from robustbench_seg.records.values.shard import WHOLE, Shard
from robustbench_seg.trees.manifests.tree_files import (
    MANIFEST,
    RECORD_FILE,
    check_paths,
    damaged,
    is_sha256,
    read_table,
    record_of,
    table_digest,
    write_table,
)
from robustbench_seg.trees.manifests.tree_record import TreeRecord


@dataclass(frozen=True)
class Digests:
    """sha256 of a file's bytes, and of the shape and bytes of its decoded pixels."""

    file: str
    pixels: str


@dataclass(frozen=True)
class _Contents:
    """The keys of a manifest that .recipe.json lacks."""

    files: Mapping[str, Digests]
    links: Mapping[str, str]
    left_out: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A tree's record and its files.

    Attributes:
        record: Everything that decides the pixels of the tree, as in .recipe.json.
        files: Maps paths in the tree to digests.
        links: Maps paths in the tree to targets of relative links.
        left_out: Maps paths in the tree to the reasons why the files could not be created.
    """

    record: TreeRecord
    files: Mapping[str, Digests]
    links: Mapping[str, str]
    left_out: Mapping[str, str]

    @property
    def digest(self) -> str:
        """The digest that manifest.json states for itself."""
        return table_digest(self.table)

    @property
    def table(self) -> Mapping[str, Json]:
        """The keys of manifest.json except format and digest."""
        table = asdict(self)
        return {**table.pop("record"), **table}

    def __repr__(self) -> str:
        return f"<tree of {self.record.dataset} {self.record.split}: {len(self.files)} files>"

    def joined(self, other: "Manifest") -> "Manifest":
        """The union of two manifests; `other` has priority if both have a path."""
        files = {**self.files, **other.files}
        left_out = {**self.left_out, **other.left_out}
        return Manifest(
            record=self.record.extended(other.record),
            files=files,
            links={**self.links, **other.links},
            left_out={name: why for name, why in left_out.items() if name not in files},
        )


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a generated tree.

    Raises:
        TreeError: There is none, or the tree is not complete.
        CardError: The manifest is wrong.
    """
    path = folder / MANIFEST
    if path.exists():
        return read_manifest_file(path)
    if shard_manifests(folder):
        raise TreeError(
            f"{folder} was generated in shards that are not merged yet; run robustseg verify "
            f"{folder}"
        )
    if (folder / RECORD_FILE).exists():
        raise TreeError(
            f"{folder} has no {MANIFEST}, so it is not finished; run generate-cityscapes-c on it "
            "again"
        )
    raise TreeError(
        f"{folder} has no {MANIFEST} and no {RECORD_FILE}, so it is not a tree; give a folder "
        "that generate-cityscapes-c wrote"
    )


def shard_manifests(folder: Path) -> Mapping[Shard, Path]:
    """The manifests of shards that are complete but not merged yet."""
    found = {}
    for path in sorted(folder.glob("manifest.*-of-*.json")):
        match = re.fullmatch(r"manifest\.([0-9]{1,9})-of-([0-9]{1,9})\.json", path.name)
        if match and 1 <= int(match[1]) <= int(match[2]):
            found[Shard(int(match[1]), int(match[2]))] = path
    return found


def read_manifest_file(path: Path) -> Manifest:
    """Read the manifest file of a shard, or of a whole tree.

    Raises:
        TreeError: The file cannot be read, was altered, or has a newer format.
        CardError: A key is missing, or a value is wrong.
    """
    table = read_table(path)
    own = {key: value for key, value in table.items() if key in _Contents.__annotations__}
    record = record_of({key: value for key, value in table.items() if key not in own}, path)
    contents = from_table(_Contents, own, str(path))
    for name, digests in contents.files.items():
        if not (is_sha256(digests.file) and is_sha256(digests.pixels)):
            raise damaged(path, f"files: {name!r:.200}: its digests are not sha256")
    for name, target in contents.links.items():
        if "\0" in target or Path(target).is_absolute():
            wanted = "use a relative path"
            raise damaged(path, f"links: {name!r:.200} leads to {target!r:.200}; {wanted}")
    check_paths((*contents.files, *contents.links, *contents.left_out), path)
    return Manifest(record=record, **vars(contents))


def read_manifest_files(folder: Path) -> list[Manifest]:
    """Read all manifests in a tree: that of the whole tree, then those of shards, if they exist.

    Raises:
        TreeError: A file cannot be read, was altered, or has a newer format.
        CardError: A key is missing, or a value is wrong.
    """
    whole = folder / MANIFEST
    paths = [whole] if whole.exists() else []
    return [read_manifest_file(path) for path in (*paths, *shard_manifests(folder).values())]


def write_manifest(folder: Path, manifest: Manifest, shard: Shard = WHOLE) -> None:
    """Write `manifest` atomically."""
    name = MANIFEST if shard == WHOLE else f"manifest.{shard}.json"
    write_table(folder / name, manifest.table)
