"""The files of a split, and how they are read: image files, label files, files of instances."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets.classes.label_table import Labels, apply_table
from robustbench_seg.datasets.image_files.decoding import (
    Image,
    read_image,
    read_label_ids,
    unreadable,
)
from robustbench_seg.datasets.image_files.digest_cache import file_digests
from robustbench_seg.datasets.splits.instances import read_instances
from robustbench_seg.files import canonical_json, digest_bytes, digest_json


@dataclass(frozen=True)
class ImageFiles:
    """The files of one image, as paths relative to the dataset's root with forward slashes.

    Attributes:
        id: Path of the image.
        labels: Path of the label file. None: the labels are withheld and no pixel is scored.
        companions: All label files that other tools expect next to the image, including `labels`.
        instances: Path of the file with the instances (see instances.py). None: there is none.
    """

    id: str
    labels: str | None
    companions: tuple[str, ...] = ()
    instances: str | None = None


@dataclass(frozen=True, eq=False)
class SplitFiles:
    """The files of a split. An index is the position of an image in `images`.

    Attributes:
        root: The base folder of the paths.
        images: The files of each image, in the order of the ids.
        table: uint8, 256 or 65536 entries: maps ids in label files to class indices, IGNORE or
            UNKNOWN.
        label_colours: Maps a colour in an RGB label file to its id. None: RGB files are refused.
        left_out: Relative paths of files next to images or labels that belong to no image, sorted.
            Hidden files are excluded.
        apply_orientation: Whether images (never labels) are rotated according to their EXIF
            orientation.
        png_layout: TOML (without the key `name`) that describes these files after the images have
            become PNG files. None: the dataset has a known name, or no globs can describe them.
        described_in: The TOML file of a user's dataset. None: the dataset has a known name.
    """

    root: Path
    images: tuple[ImageFiles, ...]
    table: NDArray[np.uint8]
    label_colours: Mapping[str, int] | None = None
    left_out: tuple[str, ...] = ()
    apply_orientation: bool = False
    png_layout: str | None = None
    described_in: Path | None = None

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Paths of the images."""
        return tuple(each.id for each in self.images)

    @property
    def is_labelled(self) -> bool:
        """Whether any image has labels; the labels of a test split may be withheld."""
        return any(each.labels is not None for each in self.images)

    def first(self, count: int) -> "SplitFiles":
        """Cut to the files of the first images."""
        return replace(self, images=self.images[:count])

    def image(self, index: int) -> Image:
        """Read an image: uint8 HxWx3 RGB. DatasetError if its file cannot be read."""
        return read_image(
            self.root / self.images[index].id, apply_orientation=self.apply_orientation
        )

    def label_ids(self, index: int) -> NDArray[np.integer[Any]] | None:
        """Read the ids in a label file.

        Returns:
            Ids, HxW, uint8 or wider. None: the labels are withheld.

        Raises:
            DatasetError: The file cannot be read. The message names it.
        """
        name = self.images[index].labels
        return None if name is None else read_label_ids(self.root / name, self.label_colours)

    def labels(self, index: int) -> Labels:
        """Read the labels of an image.

        Returns:
            uint8 HxW class indices; empty (0x0) if the labels are withheld.

        Raises:
            DatasetError: The file cannot be read, or has an unknown id. The message names it.
        """
        ids = self.label_ids(index)
        if ids is None:
            return np.zeros((0, 0), np.uint8)
        path = self.root / str(self.images[index].labels)
        return apply_table(self.table, ids, path, self.described_in)

    def instances(self, index: int, shape: tuple[int, ...]) -> NDArray[np.int32] | None:
        """Read the instances of an image; see read_instances. None: there are none."""
        name = self.images[index].instances
        return None if name is None else read_instances(self.root / name, shape)

    def companions(self, index: int) -> Mapping[str, Path]:
        """Map the relative paths of the label files that other tools expect to the files."""
        files = self.images[index]
        own = () if files.labels is None else (files.labels,)
        return {relative: self.root / relative for relative in files.companions or own}

    def sizes(self) -> Mapping[str, int]:
        """Map the ids of images to the bytes of their files, without inaccessible files."""
        sizes = {}
        for name in self.ids:
            with suppress(OSError):  # reading the file raises the error
                sizes[name] = (self.root / name).stat().st_size
        return sizes

    def fingerprint(self, classes: tuple[str, ...]) -> Mapping[str, object]:
        """Identify the data: everything that decides images and labels.

        The first call reads every image and label file. Digests are cached (digest_cache.py).

        Args:
            classes: Class names, in the order of the class indices.

        Returns:
            Number of images; sha256 of names and contents; sha256 of class names and label ids.

        Raises:
            DatasetError: A file cannot be read. The message names it.
        """
        names = [
            name
            for each in self.images
            for name in (each.id, each.labels, each.instances)
            if name is not None
        ]
        try:
            contents = list(zip(names, file_digests(self.root, names), strict=True))
        except OSError as error:
            raise unreadable("file", Path(error.filename or self.root), error) from error
        meaning = canonical_json(list(classes)).encode() + self.table.tobytes()
        if self.label_colours is not None:
            meaning += canonical_json(dict(self.label_colours)).encode()
        return {
            "count": len(self.images),
            "contents": digest_json(contents),
            "classes": digest_bytes(meaning),
            **({"orientation": "applied"} if self.apply_orientation else {}),
        }
