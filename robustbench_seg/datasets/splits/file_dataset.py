"""A dataset on disk: pairs of an image file and a label file, read on demand.

One class serves every layout. Datasets differ only in the files that form a pair (`pairing.py` and
`layouts`) and in their facts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets.classes.facts import DatasetFacts, Palette
from robustbench_seg.datasets.classes.label_table import IGNORE
from robustbench_seg.datasets.image_files.decoding import Image
from robustbench_seg.datasets.splits.dataset import Sample, checked_count
from robustbench_seg.datasets.splits.split_files import SplitFiles
from robustbench_seg.errors import DatasetError


@dataclass(frozen=True, eq=False)
class FileDataset:
    """A split of a dataset on disk. It satisfies `Dataset`.

    Attributes:
        name: The dataset's name in every table. A subset such as "acdc:fog" has its own.
        split: Name of the split.
        facts: Its classes, their colours and groups, and the length of its clips.
        files: Its files.
    """

    name: str
    split: str
    facts: DatasetFacts
    files: SplitFiles

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, in the order of the class indices."""
        return self.facts.classes

    @property
    def palette(self) -> Palette:
        """An RGB colour for each class."""
        return self.facts.colours

    @property
    def clip(self) -> int:
        """Number of consecutive images that are drawn together (see Dataset)."""
        return self.facts.clip

    @property
    def ids(self) -> tuple[str, ...]:
        """Image paths relative to the root, with forward slashes, sorted."""
        return self.files.ids

    @cached_property
    def fingerprint(self) -> Mapping[str, object]:
        """Facts that identify the data; see SplitFiles.fingerprint."""
        return self.files.fingerprint(self.classes)

    def __repr__(self) -> str:
        return f"<dataset {self.name} {self.split}: {len(self)} images in {self.files.root}>"

    def __len__(self) -> int:
        return len(self.files.images)

    def __getitem__(self, index: int) -> Sample:
        paths = self.files.images[index]
        image = self.image(index)
        if paths.labels is None:
            return Sample(paths.id, image, np.full(image.shape[:2], IGNORE, np.uint8))
        labels = self.files.labels(index)
        if labels.shape != image.shape[:2]:
            raise DatasetError(
                f"{self.files.root / paths.labels}: the labels are {_extent(labels)}, their image "
                f"{paths.id} is {_extent(image)}; both must have the same size: replace one of them"
            )
        return Sample(paths.id, image, labels)

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
        return self.files.image(index)

    def first(self, count: int) -> "FileDataset":
        """Cut the dataset to its first samples.

        Args:
            count: Number of samples. A larger number than the dataset has means all.

        Returns:
            A dataset of these samples.

        Raises:
            DatasetError: The number is less than 1.
        """
        return replace(self, files=self.files.first(checked_count(self.name, count)))

    def companions(self, index: int) -> Mapping[str, Path]:
        """List the label files that other tools expect next to an image.

        Args:
            index: Position of the image's id in `ids`.

        Returns:
            Maps paths relative to the root to files.
        """
        return self.files.companions(index)

    def on_disk(self, folder: Path) -> "FileDataset":
        """Return the dataset itself. `folder` is not used."""
        return self


def _extent(array: NDArray[np.uint8]) -> str:
    return f"{array.shape[1]}x{array.shape[0]}"
