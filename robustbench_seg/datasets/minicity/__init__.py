"""minicity: street scenes drawn by the program, with the 19 classes of Cityscapes.

The built-in dataset, where Cityscapes, which needs a registration, is not at hand. A scene
depends on (version, split, index, size) alone. It is a real task of segmentation in small: shapes,
places and context tell the classes apart, colours hardly do.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from robustbench_seg.datasets.base import Dataset, Image, Sample
from robustbench_seg.datasets.cityscapes import open_cityscapes
from robustbench_seg.datasets.facts import dataset_facts
from robustbench_seg.datasets.minicity.canvas import Canvas
from robustbench_seg.datasets.minicity.light import develop
from robustbench_seg.datasets.minicity.scene import Street
from robustbench_seg.errors import DatasetError, unknown
from robustbench_seg.files import atomic_path

VERSION = 1
"""Goes up whenever a pixel of any scene changes: results of two versions never mix."""

SIZE = (192, 384)
SCENES = {"train": 600, "val": 24}


def draw_scene(split: str, index: int, size: tuple[int, int] = SIZE) -> Sample:
    """Scene number `index` of `split`, `size` (height, width) pixels; the same bytes each time."""
    key = hashlib.sha256(f"minicity {VERSION}|{split}|{index}".encode()).digest()
    rng = np.random.Generator(np.random.PCG64(int.from_bytes(key[:16], "big")))
    canvas = Canvas(*size, horizon=rng.uniform(0.38, 0.5), centre=rng.uniform(0.38, 0.62))
    Street(canvas, rng).paint()
    return Sample(_image_id(split, index), develop(canvas, rng), canvas.label_map())


def _image_id(split: str, index: int) -> str:
    return f"leftImg8bit/{split}/minicity/minicity_{index:06d}_000019_leftImg8bit.png"


def _labels_path(image: str) -> str:
    path = image.replace("leftImg8bit/", "gtFine/", 1)
    return path.replace("_leftImg8bit.png", "_gtFine_labelIds.png")


@dataclass(frozen=True)
class Minicity:
    """A split of minicity, drawn on demand; a Dataset (see base.py).

    split: "train" (600 scenes) or "val" (24)
    size:  height and width in pixels; a larger scene is the same picture in more detail
    count: how many scenes, from the first; None: all of the split

    Raises DatasetError where split, size or count is none that can be drawn.
    """

    split: str = "val"
    size: tuple[int, int] = SIZE
    count: int | None = None

    name = "minicity"
    classes = dataset_facts("cityscapes").classes
    palette = dataset_facts("cityscapes").colours
    clip = 1

    def __post_init__(self) -> None:
        if self.split not in SCENES:
            raise DatasetError(f"minicity: {unknown('split', self.split, SCENES)}")
        if min(self.size) < 16:
            height, width = self.size
            raise DatasetError(
                f"minicity: a size of {height}x{width} (height x width) is too small; ask for "
                "16x16 or more"
            )
        if self.count is not None and self.count < 1:
            raise DatasetError(
                f"minicity: the first {self.count} images were asked for; ask for 1 or more"
            )

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
        """Paths in the Cityscapes layout, as write_minicity makes them."""
        return tuple(_image_id(self.split, index) for index in range(len(self)))

    @property
    def fingerprint(self) -> Mapping[str, object]:
        """What decides every pixel."""
        return {"version": VERSION, "size": list(self.size), "count": len(self)}

    def image(self, index: int) -> Image:
        """uint8 HxWx3 RGB."""
        return self[index].image

    def first(self, count: int) -> "Minicity":
        """The same split cut to its first `count` scenes (to all, where it has fewer)."""
        return replace(self, count=count)

    def companions(self, index: int) -> Mapping[str, Path]:
        """Nothing lies on disk; write_minicity puts it there."""
        return {}

    def on_disk(self, folder: Path) -> Dataset:
        """The split in the layout of Cityscapes in `folder`; what is missing there is written."""
        files = [folder / path for name in self.ids for path in (name, _labels_path(name))]
        if not all(path.exists() for path in files):
            write_minicity(folder, self.split, self.size, self.count)
        return open_cityscapes(folder, self.split).first(len(self))


def write_minicity(
    root: Path | str, split: str = "val", size: tuple[int, int] = SIZE, count: int | None = None
) -> None:
    """Write a split (its first `count` scenes) under `root` as Cityscapes lays out its files.

    leftImg8bit/<split>/minicity/*_leftImg8bit.png and gtFine/<split>/minicity/
    *_gtFine_labelIds.png with the official label ids, readable by any Cityscapes tool. Each file
    appears whole or not at all. Raises DatasetError as `Minicity` does.
    """
    # The first id of each class index; ids that are ignored or unknown are none of them.
    table = dataset_facts("cityscapes").table
    label_id = np.array(
        [np.flatnonzero(table == i)[0] for i in range(len(Minicity.classes))], np.uint8
    )
    for sample in Minicity(split, size, count):
        _save(Path(root) / sample.id, sample.image)
        _save(Path(root) / _labels_path(sample.id), label_id[sample.labels])


def _save(path: Path, pixels: NDArray[np.uint8]) -> None:
    with atomic_path(path) as partial:
        Picture.fromarray(pixels).save(partial)
