"""What a dataset is: ids, and for each an RGB image and a map of class indices.

Nothing is read before it is asked for, and nothing is kept: one sample, one read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

IGNORE = 255
"""The label of a pixel that is not scored."""

Image = NDArray[np.uint8]
Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Sample:
    """One image of a dataset with its truth.

    id:     path of the image relative to the dataset's root, with forward slashes
    image:  uint8 HxWx3, RGB
    labels: uint8 HxW, class index, IGNORE (255) where a pixel is not scored
    """

    id: str
    image: Image
    labels: Labels

    def __repr__(self) -> str:
        height, width = self.labels.shape
        return f"<sample {self.id}: {width}x{height}>"


class Dataset(Protocol):
    """A split of a dataset: a sized sequence of samples."""

    @property
    def name(self) -> str:
        """Its name in every table."""
        ...

    @property
    def split(self) -> str:
        """Which part of it: "train", "val", ..."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the class indices."""
        ...

    @property
    def palette(self) -> tuple[tuple[int, int, int], ...]:
        """An RGB colour, 0..255, for each class."""
        ...

    @property
    def ids(self) -> tuple[str, ...]:
        """The image ids, in order."""
        ...

    @property
    def clip(self) -> int:
        """How many consecutive images are drawn together where an interval is computed.

        1 where images come from separate snippets and are independent draws of the world; more
        for the frames of a video, whose neighbours show the same street.
        """
        ...

    @property
    def fingerprint(self) -> Mapping[str, object]:
        """JSON-able facts that tell one version of the data from another (no absolute paths)."""
        ...

    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> Sample: ...

    def image(self, index: int) -> Image:
        """The image alone: uint8 HxWx3 RGB."""
        ...

    def first(self, count: int) -> "Dataset":
        """The same dataset cut to its first `count` samples."""
        ...

    def companions(self, index: int) -> Mapping[str, Path]:
        """Files other tools need beside the image (labels): path relative to root -> file."""
        ...

    def on_disk(self, folder: Path) -> "Dataset":
        """The same dataset in files: itself, or its images and labels written to `folder`.

        Only trees of corrupted images need it: their labels are links, and links need a target.
        """
        ...
