"""manifest.json of a generated tree: how it came about, and the digest of every file in it.

    format     3
    digest     sha256 of the canonical JSON of all that follows but `libraries`
    protocol, protocol_version, severities_digest, stream, stream_version, seed, dataset, split,
    laws, libraries, probe, source_sizes: see TreeRecord
    files      relative path -> {file: sha256 of its bytes, pixels: sha256 of its decoded pixels, or
               of the bytes of a TOML file}
    links      relative path -> target of the relative link that leads to the source's labels
    left_out   relative path -> why this file could not be made (--keep-going)

The first start writes .recipe.json, the head of the manifest, before the first image; each start
that adds conditions adds their laws and probe there. The manifest is written after the last image.
Where several machines make a tree, each writes the manifest of its shard, manifest.I-of-N.json;
when the last of them is there, `merge_shards` makes manifest.json of them.
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruption.image_arrays import digest_pixels
from robustbench_seg.errors import DatasetError, TreeError
from robustbench_seg.records.values.shard import WHOLE, Shard
from robustbench_seg.trees.record import TreeRecord
from robustbench_seg.trees.record_file import read_record_file, record_digest, write_record_file

MANIFEST = "manifest.json"
RECORD_FILE = ".recipe.json"


@dataclass(frozen=True)
class Digests:
    """sha256 of a file's bytes, and of the shape and bytes of its decoded pixels."""

    file: str
    pixels: str


@dataclass(frozen=True, kw_only=True)
class Manifest(TreeRecord):
    """A tree's record and its files. The docstring of this module lists the fields."""

    files: Mapping[str, Digests]
    links: Mapping[str, str]
    left_out: Mapping[str, str]

    @property
    def digest(self) -> str:
        """The digest that manifest.json gives for itself."""
        return record_digest(self)

    def check_image(self, folder: Path, name: str, image: NDArray[np.uint8]) -> None:
        """Check that an image is the one that the manifest describes.

        Args:
            folder: The tree.
            name: Path of the image in the tree.
            image: Its decoded pixels, uint8 HxWx3 RGB.

        Raises:
            DatasetError: Its pixels differ from the manifest.
        """
        digests = self.files.get(name)
        if digests is None or digest_pixels(image) != digests.pixels:
            raise DatasetError(
                f"{folder / name} is not the image that the manifest describes; generate it again"
            )

    def __repr__(self) -> str:
        return f"<tree of {self.dataset} {self.split}: {len(self.files)} files>"

    @property
    def record(self) -> TreeRecord:
        """The record alone, as .recipe.json holds it."""
        names = (field.name for field in dataclasses.fields(TreeRecord))
        return TreeRecord(**{name: getattr(self, name) for name in names})

    def joined(self, other: "Manifest") -> "Manifest":
        """The union of two manifests; `other` wins where both have a path."""
        files = {**self.files, **other.files}
        left_out = {**self.left_out, **other.left_out}
        return dataclasses.replace(
            self.extended(other),
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
        return read_shard(path)
    if shard_manifests(folder):
        raise TreeError(
            f"{folder} was made in shards that are not merged yet: robustseg verify {folder}"
        )
    if (folder / RECORD_FILE).exists():
        raise TreeError(
            f"{folder} has no {MANIFEST}: it is not finished; start generate-cityscapes-c on it "
            "again to finish it"
        )
    raise TreeError(
        f"{folder} has no {MANIFEST} and no {RECORD_FILE}: it is not a tree that "
        "generate-cityscapes-c has made; give the folder of one"
    )


def shard_manifests(folder: Path) -> Mapping[Shard, Path]:
    """The manifests of shards that are complete but not merged yet."""
    found = {}
    for path in sorted(folder.glob("manifest.*-of-*.json")):
        match = re.fullmatch(r"manifest\.([0-9]{1,9})-of-([0-9]{1,9})\.json", path.name)
        if match and 1 <= int(match[1]) <= int(match[2]):
            found[Shard(int(match[1]), int(match[2]))] = path
    return found


def read_shard(path: Path) -> Manifest:
    """Read the manifest file of a shard, or of a whole tree."""
    return read_record_file(Manifest, path)


def write_manifest(folder: Path, manifest: Manifest, shard: Shard = WHOLE) -> None:
    """Write `manifest` atomically."""
    name = MANIFEST if shard == WHOLE else f"manifest.{shard}.json"
    write_record_file(folder / name, manifest)
