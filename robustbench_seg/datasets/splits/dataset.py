"""The interface of a dataset: ids, and an RGB image and a map of class indices for each id.

A user can give an object with the members that a function needs; each need is a protocol.

A dataset reads a sample from disk at each access and keeps none in memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

import numpy as np

from robustbench_seg.datasets.classes.label_table import Labels
from robustbench_seg.datasets.image_files.decoding import Image
from robustbench_seg.errors import DatasetError


@dataclass(frozen=True)
class Sample:
    """One image of a dataset with its labels.

    Attributes:
        id: Path of the image relative to the dataset's root, with forward slashes.
        image: uint8 HxWx3, RGB.
        labels: uint8 HxW, class indices; IGNORE (255) for pixels that are not scored.
    """

    id: str
    image: Image
    labels: Labels

    def __repr__(self) -> str:
        height, width = self.labels.shape
        return f"<sample {self.id}: {width}x{height}>"


class Samples(Protocol):
    """A sized sequence of samples: a split of a dataset."""

    @property
    def name(self) -> str:
        """Name of the dataset in every table."""
        ...

    @property
    def split(self) -> str:
        """Name of the split: "train", "val", ..."""
        ...

    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> Sample: ...


class LabelledSamples(Samples, Protocol):
    """What `train` and `class_frequencies` need of a dataset."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the class indices."""
        ...

    @property
    def fingerprint(self) -> Mapping[str, object]:
        """JSON-able facts that identify the version of the data, without absolute paths."""
        ...


class NamedImages(Samples, Protocol):
    """Samples whose ids are known, and whose images can be read without labels."""

    @property
    def ids(self) -> tuple[str, ...]:
        """The image ids, in order."""
        ...

    def image(self, index: int) -> Image:
        """Read an image without its labels.

        Args:
            index: Position of its id in `ids`.

        Returns:
            uint8 HxWx3 RGB.
        """
        ...


class EvaluationDataset(LabelledSamples, NamedImages, Protocol):
    """What `evaluate` needs of a dataset.

    It may also have an attribute `facts` (DatasetFacts), whose groups and persons are then scored.
    """

    @property
    def palette(self) -> tuple[tuple[int, int, int], ...]:
        """An RGB colour, 0..255, for each class."""
        ...

    @property
    def clip(self) -> int:
        """Number of consecutive images that are drawn together for an interval.

        It is 1 if images come from separate snippets and are independent. It is higher for the
        frames of a video, because neighbours show the same street.
        """
        ...

    def first(self, count: int) -> Self:
        """Cut the dataset to its first samples.

        Args:
            count: Number of samples, at least 1.

        Returns:
            A dataset of these samples.
        """
        ...


class TreeDataset(NamedImages, Protocol):
    """What `generate_cityscapes_c` needs of a dataset."""

    def companions(self, index: int) -> Mapping[str, Path]:
        """List the files that other tools need next to an image, such as its labels.

        Args:
            index: Position of the image's id in `ids`.

        Returns:
            Maps paths relative to the root to files.
        """
        ...

    def on_disk(self, folder: Path) -> "TreeDataset":
        """Provide the dataset as files, because the labels of a tree are links to files.

        Args:
            folder: Where a dataset without files writes its images and labels.

        Returns:
            The dataset itself if it consists of files, else the one in `folder`.
        """
        ...


class Dataset(EvaluationDataset, TreeDataset, Protocol):
    """A split that `open_dataset` opens. Every function takes it."""


def check_dataset(given: object, kind: type) -> None:
    """Check an object that a user gives as a dataset.

    Args:
        given: The object.
        kind: The protocol of this file that it must satisfy.

    Raises:
        DatasetError: The object lacks members of the protocol.
    """
    # The type is asked first, because a property such as the fingerprint may read every file.
    members = _members(kind)
    missing = [n for n in members if not (hasattr(type(given), n) or hasattr(given, n))]
    if missing:
        raise DatasetError(
            f"dataset: {given!r:.100} is neither a name nor a dataset; it lacks "
            f"{', '.join(missing)}"
        )


def _members(kind: type) -> list[str]:
    """The names of all members of a protocol, those of its bases first."""
    parts = [part for part in reversed(kind.__mro__) if Samples in part.__mro__]
    return [
        name
        for part in parts
        for name in vars(part)
        if not name.startswith("_") or name in ("__len__", "__getitem__")
    ]


def checked_count(name: str, count: int) -> int:
    """Return a number of samples; DatasetError, which names the dataset, if it is less than 1."""
    if count < 1:
        raise DatasetError(f"{name}: the number of images {count} is out of range; give 1 or more")
    return count


def evenly_spaced(count: int, most: int) -> list[int]:
    """Choose indices of `count` images, `most` or all: evenly spaced, with the first and the last.

    >>> evenly_spaced(10, 4)
    [0, 3, 6, 9]
    >>> evenly_spaced(3, 4)
    [0, 1, 2]
    """
    return [int(index) for index in np.linspace(0, count - 1, min(most, count)).round()]
