"""A scene of minicity: its street, drawn and lit, with its path in the layout of Cityscapes."""

import hashlib

import numpy as np

from robustbench_seg.datasets.classes.facts import dataset_facts
from robustbench_seg.datasets.minicity.canvas import Canvas
from robustbench_seg.datasets.minicity.light import develop
from robustbench_seg.datasets.minicity.street import Street
from robustbench_seg.datasets.splits.dataset import Sample

VERSION = 1
"""Increment whenever a pixel of any scene changes, so that results of two versions never mix."""

FACTS = dataset_facts("minicity")
assert FACTS.image_size is not None
SIZE = FACTS.image_size
"""Height and width, in pixels."""

SCENES = {"train": 600, "val": 24}
"""Maps the name of a split to the number of its scenes."""


def draw_scene(split: str, index: int, size: tuple[int, int] = SIZE) -> Sample:
    """Draw a scene, with the same bytes each time.

    Args:
        split: "train" or "val".
        index: Number of the scene in the split.
        size: Height and width, in pixels.

    Returns:
        The image and its labels.
    """
    key = hashlib.sha256(f"minicity {VERSION}|{split}|{index}".encode()).digest()
    rng = np.random.Generator(np.random.PCG64(int.from_bytes(key[:16], "big")))
    canvas = Canvas(*size, horizon=rng.uniform(0.38, 0.5), centre=rng.uniform(0.38, 0.62))
    Street(canvas, rng).draw()
    painting = canvas.paint()
    return Sample(image_id(split, index), develop(painting, rng), painting.labels)


def image_id(split: str, index: int) -> str:
    """Return the path of a scene's image in the layout of Cityscapes."""
    return f"leftImg8bit/{split}/minicity/minicity_{index:06d}_000019_leftImg8bit.png"


def labels_path(image: str) -> str:
    """Return the path of the labels of an image in the layout of Cityscapes."""
    path = image.replace("leftImg8bit/", "gtFine/", 1)
    return path.replace("_leftImg8bit.png", "_gtFine_labelIds.png")
