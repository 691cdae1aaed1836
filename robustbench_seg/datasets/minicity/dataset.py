"""A split of minicity: drawn on demand, and written in the layout of Cityscapes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from robustbench_seg.datasets.image_files.decoding import Image
from robustbench_seg.datasets.layouts.cityscapes import open_cityscapes
from robustbench_seg.datasets.minicity.scene import (
    FACTS,
    SCENES,
    SIZE,
    VERSION,
    draw_scene,
    image_id,
    labels_path,
)
from robustbench_seg.datasets.splits.dataset import Dataset, Sample, checked_count
from robustbench_seg.errors import DatasetError, unknown
from robustbench_seg.files import atomic_file


@dataclass(frozen=True)
class Minicity:
    """A split of minicity, drawn on demand. It satisfies `Dataset`.

    Attributes:
        split: "train" (600 scenes) or "val" (24).
        size: Height and width in pixels, at least 16. A larger scene is the same picture in more
            detail.
        count: Number of scenes, starting at the first, at least 1. None: all of the split.
        facts: Its classes, which are those of Cityscapes, their colours and groups.
        name: The dataset's name in every table.
        classes: Class names, in the order of the class indices.
        palette: An RGB colour, 0..255, for each class.
        clip: 1, because scenes are independent.

    Raises:
        DatasetError: The split, size or count cannot be drawn.
    """

    split: str = "val"
    size: tuple[int, int] = SIZE
    count: int | None = None

    facts = FACTS
    name = FACTS.name
    classes = FACTS.classes
    palette = FACTS.colours
    clip = FACTS.clip

    def __post_init__(self) -> None:
        if self.split not in SCENES:
            raise DatasetError(f"minicity: {unknown('split', self.split, SCENES)}")
        if min(self.size) < 16:
            height, width = self.size
            raise DatasetError(
                f"minicity: a size of {height}x{width} (height x width) is too small; give 16x16 "
                "or more"
            )
        if self.count is not None:
            checked_count(self.name, self.count)

    def __repr__(self) -> str:
        return f"<dataset {self.name} {self.split}: {len(self)} drawn images>"

    def __len__(self) -> int:
        whole = SCENES[self.split]
        return whole if self.count is None else min(self.count, whole)

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < len(self):
            raise IndexError(index)
        return draw_scene(self.split, index, self.size)

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    @property
    def ids(self) -> tuple[str, ...]:
        """Paths in the Cityscapes layout, as write_minicity creates them."""
        return tuple(image_id(self.split, index) for index in range(len(self)))

    @property
    def fingerprint(self) -> Mapping[str, object]:
        """The facts that decide every pixel."""
        return {"version": VERSION, "size": list(self.size), "count": len(self)}

    def image(self, index: int) -> Image:
        """Draw an image.

        Args:
            index: Number of the scene.

        Returns:
            uint8 HxWx3 RGB.
        """
        return self[index].image

    def first(self, count: int) -> "Minicity":
        """Cut the split to its first scenes.

        Args:
            count: Number of scenes. A larger number than the split has means all.

        Returns:
            A split of these scenes.

        Raises:
            DatasetError: The number is less than 1.
        """
        return replace(self, count=count)

    def companions(self, index: int) -> Mapping[str, Path]:
        """Return no files, because there are none on disk before write_minicity."""
        return {}

    def on_disk(self, folder: Path) -> Dataset:
        """Provide the split as files in the layout of Cityscapes.

        Args:
            folder: The folder of the files. Missing files are written.

        Returns:
            The split in `folder`.
        """
        files = [folder / path for name in self.ids for path in (name, labels_path(name))]
        if not all(path.exists() for path in files):
            write_minicity(folder, self.split, self.size, self.count)
        return open_cityscapes(folder, self.split).first(len(self))


def open_minicity(root: Path | None, split: str) -> Minicity:
    """Open a split of minicity.

    Args:
        root: None, because minicity is drawn and not read.
        split: "train" or "val".

    Returns:
        The split.

    Raises:
        DatasetError: There is a root folder, or no such split.
    """
    if root is not None:
        raise DatasetError(
            "minicity is drawn by the program and takes no root folder; open a copy of it on "
            "disk as the dataset cityscapes, because it has that layout"
        )
    return Minicity(split)


def write_minicity(
    root: Path | str, split: str = "val", size: tuple[int, int] = SIZE, count: int | None = None
) -> None:
    """Write a split in the layout of Cityscapes.

    The files are `leftImg8bit/<split>/minicity/*_leftImg8bit.png` and
    `gtFine/<split>/minicity/*_gtFine_labelIds.png` with the official label ids. Any Cityscapes tool
    can read them. An interrupted call leaves no partial file.

    Args:
        root: The folder to write to.
        split: "train" or "val".
        size: Height and width, in pixels.
        count: Number of scenes, the first of the split; at least 1. None: all.

    Raises:
        DatasetError: As for `Minicity`.

    >>> rs.write_minicity("drawn", "train", count=2)
    >>> rs.open_dataset("cityscapes", "drawn", split="train")
    <dataset cityscapes train: 2 images in drawn>
    """
    label_id = np.array(FACTS.label_ids, np.uint8)
    for sample in Minicity(split, size, count):
        _save(Path(root) / sample.id, sample.image)
        _save(Path(root) / labels_path(sample.id), label_id[sample.labels])


def _save(path: Path, pixels: NDArray[np.uint8]) -> None:
    with atomic_file(path) as file:
        Picture.fromarray(pixels).save(file)
