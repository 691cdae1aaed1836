"""Trees of other programs: corrupted images without a record of their origin."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets import file_digests
from robustbench_seg.errors import DatasetError, TreeError
from robustbench_seg.files import canonical_json, digest_bytes, digest_file
from robustbench_seg.records.values.condition import Condition, as_png
from robustbench_seg.trees.manifest import shard_manifests
from robustbench_seg.trees.tree_files import MANIFEST, RECORD_FILE


@dataclass(frozen=True)
class ForeignTree:
    """A tree of unknown origin; only the contents of its files identify it.

    Attributes:
        files: Maps paths in the tree to sha256 of the files.
        probe: Always empty, because the built-in image under its conditions is unknown.
    """

    files: Mapping[str, str]
    probe: Mapping[str, str] = field(default_factory=dict, init=False)

    @cached_property
    def digest(self) -> str:
        """sha256 over the paths and contents of all files."""
        return digest_bytes(canonical_json(self.files).encode())

    def check_image(self, folder: Path, name: str, image: NDArray[np.uint8]) -> None:
        """Check that the file of an image has not changed since the tree was read.

        Args:
            folder: The tree.
            name: Path of the image in the tree.
            image: Unused, because the file itself is compared.

        Raises:
            DatasetError: The file has changed, or cannot be read.
        """
        try:
            found = digest_file(folder / name)
        except OSError:
            found = None
        if self.files.get(name) != found:
            raise DatasetError(f"{folder / name} has changed; evaluate again")


def is_foreign(folder: Path) -> bool:
    """Whether a folder exists and has no record of this program: no recipe and no manifest."""
    described = any((folder / name).exists() for name in (RECORD_FILE, MANIFEST))
    return folder.is_dir() and not described and not shard_manifests(folder)


def read_foreign_tree(
    folder: Path, conditions: Iterable[Condition], images: Iterable[str]
) -> ForeignTree:
    """Digest the corrupted images of a dataset in a tree of unknown origin.

    Args:
        folder: The tree.
        conditions: All conditions of the protocol. The tree may lack some.
        images: Ids of the clean images.

    Raises:
        TreeError: There is no such image, or a file cannot be read.
    """
    pngs = [as_png(image) for image in images]
    names = [f"{c.folder}/{name}" for c in conditions for name in pngs]
    names = [name for name in names if (folder / name).is_file()]
    if not names:
        raise TreeError(
            f"{folder} has no manifest.json and none of the requested images, such as "
            f"<corruption>/<severity>/{pngs[0]}; give a tree of this dataset"
        )
    try:
        return ForeignTree(dict(zip(names, file_digests(folder, names), strict=True)))
    except OSError as error:
        why = error.strerror or error
        raise TreeError(f"{error.filename or folder} cannot be read: {why}") from error
