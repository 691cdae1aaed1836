"""A dataset on disk: pairs of an image file and a label file, read on demand.

One class serves every layout. Datasets differ only in the files that form a pair (`split_files.py`
and `layouts`) and in the classes of the ids in label files.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets.classes.label_table import IGNORE, Labels, apply_table
from robustbench_seg.datasets.image_files.decoding import (
    Image,
    read_image,
    read_label_ids,
    unreadable,
)
from robustbench_seg.datasets.image_files.digest_cache import file_digests
from robustbench_seg.datasets.splits.dataset import Sample
from robustbench_seg.errors import DatasetError
from robustbench_seg.files import canonical_json, digest_bytes


@dataclass(frozen=True)
class Item:
    """One pair of files, as paths relative to the dataset's root with forward slashes.

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
class FileDataset:
    """A split of a dataset on disk. It satisfies `Dataset`.

    Attributes:
        name: The dataset's name in every table.
        split: Name of the split.
        classes: Class names, in the order of the class indices, at most 254.
        palette: One RGB colour for each class.
        root: The base folder of ids and labels.
        items: The pairs, in the order of the ids.
        table: uint8, 256 or 65536 entries: maps ids in label files to class indices, IGNORE or
            UNKNOWN.
        clip: Number of consecutive images that are drawn together (see Dataset).
        apply_orientation: Whether images (never labels) are rotated according to their EXIF
            orientation.
        left_out: Relative paths of files next to the images and labels that belong to no image.
        groups: Maps names of groups to names of their classes.
        persons: Names of the classes whose missed objects are counted.
        label_colours: Maps a colour in an RGB label file to its id. None: RGB files are refused.
        png_layout: TOML (without the key `name`) that describes this split after its images have
            become PNG files. None: the dataset has a known name, or no globs can describe it.
    """

    name: str
    split: str
    classes: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]
    root: Path
    items: tuple[Item, ...]
    table: NDArray[np.uint8]
    clip: int = 1
    apply_orientation: bool = False
    left_out: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    persons: tuple[str, ...] = ()
    label_colours: Mapping[str, int] | None = None
    png_layout: str | None = None

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Image paths relative to the root, with forward slashes, sorted."""
        return tuple(item.id for item in self.items)

    @property
    def is_labelled(self) -> bool:
        """Whether any image has labels; the labels of a test split may be withheld."""
        return any(item.labels is not None for item in self.items)

    @cached_property
    def fingerprint(self) -> Mapping[str, object]:
        """Number of images; sha256 of names and contents; sha256 of class names and label ids.

        The first call reads every image and label file. Digests are cached (digest_cache.py).

        Raises:
            DatasetError: A file cannot be read. The message names it.
        """
        names = [
            name
            for item in self.items
            for name in (item.id, item.labels, item.instances)
            if name is not None
        ]
        try:
            contents = list(zip(names, file_digests(self.root, names), strict=True))
        except OSError as error:
            raise unreadable("file", Path(error.filename or self.root), error) from error
        meaning = canonical_json(list(self.classes)).encode() + self.table.tobytes()
        if self.label_colours is not None:
            meaning += canonical_json(dict(self.label_colours)).encode()
        return {
            "count": len(self.items),
            "contents": digest_bytes(canonical_json(contents).encode()),
            "classes": digest_bytes(meaning),
            **({"orientation": "applied"} if self.apply_orientation else {}),
        }

    def __repr__(self) -> str:
        return f"<dataset {self.name} {self.split}: {len(self)} images in {self.root}>"

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Sample:
        item = self.items[index]
        image = self.image(index)
        if item.labels is None:
            return Sample(item.id, image, np.full(image.shape[:2], IGNORE, np.uint8))
        labels = self.labels(index)
        if labels.shape != image.shape[:2]:
            raise DatasetError(
                f"{self.root / item.labels}: the labels are {_extent(labels)}, their image "
                f"{item.id} is {_extent(image)}; both must have the same size: replace one of them"
            )
        return Sample(item.id, image, labels)

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    def image(self, index: int) -> Image:
        """Read an image without its labels.

        Args:
            index: Position of its id in `ids`.

        Returns:
            uint8 HxWx3 RGB.

        Raises:
            DatasetError: The file cannot be read. The message names it.
        """
        return read_image(
            self.root / self.items[index].id, apply_orientation=self.apply_orientation
        )

    def labels(self, index: int) -> Labels:
        """Read the labels of an image without the image.

        Args:
            index: Position of its id in `ids`.

        Returns:
            uint8 HxW class indices; empty (0x0) if the labels are withheld.

        Raises:
            DatasetError: The file cannot be read, or has an unknown id. The message names it.
        """
        name = self.items[index].labels
        if name is None:
            return np.zeros((0, 0), np.uint8)
        path = self.root / name
        return apply_table(self.table, read_label_ids(path, self.label_colours), path)

    def first(self, count: int) -> "FileDataset":
        """Cut the dataset to its first samples.

        Args:
            count: Number of samples. A larger number than the dataset has means all.

        Returns:
            A dataset of these samples.

        Raises:
            DatasetError: The number is less than 1.
        """
        if count < 1:
            raise DatasetError(
                f"{self.name}: the number of images {count} is out of range; give 1 or more"
            )
        return replace(self, items=self.items[:count])

    def companions(self, index: int) -> Mapping[str, Path]:
        """List the label files that other tools expect next to an image.

        Args:
            index: Position of the image's id in `ids`.

        Returns:
            Maps paths relative to the root to files.
        """
        item = self.items[index]
        own = () if item.labels is None else (item.labels,)
        return {relative: self.root / relative for relative in item.companions or own}

    def on_disk(self, folder: Path) -> "FileDataset":
        """Return the dataset itself. `folder` is not used."""
        return self


def _extent(array: NDArray[np.uint8]) -> str:
    return f"{array.shape[1]}x{array.shape[0]}"
