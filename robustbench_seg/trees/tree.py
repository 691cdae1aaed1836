"""A tree whose images are read: described by its manifest, or of unknown origin."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruption.image_arrays import digest_pixels
from robustbench_seg.datasets import file_digests
from robustbench_seg.errors import DatasetError, TreeError
from robustbench_seg.files import digest_file, digest_json
from robustbench_seg.records.values.condition import Condition, as_png
from robustbench_seg.trees.manifests.manifest import read_manifest, shard_manifests
from robustbench_seg.trees.manifests.tree_files import MANIFEST, RECORD_FILE
from robustbench_seg.trees.manifests.tree_record import TreeRecord


@dataclass(frozen=True)
class Tree:
    """A tree whose images are read.

    Attributes:
        folder: Its folder.
        digest: sha256 that identifies the images: that of the manifest, or, without a record, that
            of the paths and contents of all files.
        record: The settings that decide its pixels. None: its origin is unknown, because another
            program wrote it.
        digests: Maps the path of each image in the tree to sha256 of its decoded pixels; without a
            record, to sha256 of its file.
    """

    folder: Path
    digest: str
    record: TreeRecord | None
    digests: Mapping[str, str]

    def check_image(self, name: str, image: NDArray[np.uint8]) -> None:
        """Check that an image is the one that was described, or has not changed since then.

        Args:
            name: Path of the image in the tree.
            image: Its decoded pixels, uint8 HxWx3 RGB.

        Raises:
            DatasetError: The image differs, or its file cannot be read.
        """
        path, expected = self.folder / name, self.digests.get(name)
        if self.record is None:
            if expected is None or _digest_or_none(path) != expected:
                raise DatasetError(f"{path} has changed; evaluate again")
        elif expected is None or digest_pixels(image) != expected:
            raise DatasetError(
                f"{path} is not the image that the manifest describes; generate it again"
            )


def open_tree(folder: Path, conditions: Iterable[Condition], images: Sequence[str]) -> Tree:
    """Open a tree with the corrupted images of a dataset.

    Args:
        folder: The tree.
        conditions: All conditions of the protocol. A tree of unknown origin may lack some.
        images: Ids of the clean images.

    Returns:
        The tree. Its origin is unknown if the folder exists and has neither a record of this
        program nor a manifest.

    Raises:
        TreeError: The tree is not complete; there is none; or, if its origin is unknown, it has no
            such image, or a file cannot be read.
        CardError: The manifest is wrong.
    """
    described = any((folder / name).exists() for name in (RECORD_FILE, MANIFEST))
    if folder.is_dir() and not described and not shard_manifests(folder):
        return _foreign_tree(folder, conditions, images)
    manifest = read_manifest(folder)
    pixels = {name: digests.pixels for name, digests in manifest.files.items()}
    return Tree(folder, manifest.digest, manifest.record, pixels)


def _foreign_tree(folder: Path, conditions: Iterable[Condition], images: Sequence[str]) -> Tree:
    pngs = [as_png(image) for image in images]
    names = [f"{c.folder}/{name}" for c in conditions for name in pngs]
    names = [name for name in names if (folder / name).is_file()]
    if not names:
        raise TreeError(
            f"{folder} has no manifest.json and none of the requested images, such as "
            f"<corruption>/<severity>/{pngs[0]}; give a tree of this dataset"
        )
    try:
        digests = dict(zip(names, file_digests(folder, names), strict=True))
    except OSError as error:
        why = error.strerror or error
        raise TreeError(f"{error.filename or folder} cannot be read: {why}") from error
    return Tree(folder, digest_json(digests), None, digests)


def _digest_or_none(path: Path) -> str | None:
    try:
        return digest_file(path)
    except OSError:
        return None
