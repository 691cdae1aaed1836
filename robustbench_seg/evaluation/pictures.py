"""The pictures of a run: its first image under some conditions, and what was seen in it.

    pictures/truth.png                              the labels
    pictures/<corruption>-<severity>.png            the prediction
    pictures/input/<corruption>-<severity>.jpg      the image, at most 512 pixels wide

Label pictures are PNG files of class indices with the dataset's palette; ignored pixels are black.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robustbench_seg.files import atomic_path
from robustbench_seg.records.protocol import Condition
from robustbench_seg.results import write_errors

SHOWN = (0, 1, 3, 5)
"""Severities that are kept as pictures; 0 is clean."""

WIDTH = 512

Palette = Sequence[Sequence[int]]


def keep_pictures(
    run: Path,
    condition: Condition,
    image: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    prediction: NDArray[np.uint8],
    palette: Palette,
) -> None:
    """Write what is shown of one condition into a run folder.

    image: uint8 HxWx3 RGB; labels, prediction: uint8 HxW
    """
    if condition.severity not in SHOWN:
        return
    folder, name = run / "pictures", f"{condition.name}-{condition.severity}"
    write_labels(folder / f"{name}.png", prediction, palette)
    if not (folder / "truth.png").exists():
        write_labels(folder / "truth.png", labels, palette)
    write_input(folder / "input" / f"{name}.jpg", image)


def write_input(path: Path, image: NDArray[np.uint8]) -> None:
    """Write uint8 HxWx3 RGB as a JPEG at most WIDTH wide."""
    picture = Image.fromarray(image)
    picture.thumbnail((WIDTH, WIDTH * 4))
    with write_errors(path), atomic_path(path) as partial:
        picture.save(partial, quality=85)


def write_labels(path: Path, labels: NDArray[np.uint8], palette: Palette) -> None:
    """Write uint8 HxW class indices as a PNG of the same values, shown in `palette`."""
    picture = Image.fromarray(labels)
    colours = [value for colour in palette for value in colour]
    picture.putpalette(colours + [0] * (768 - len(colours)))
    with write_errors(path), atomic_path(path) as partial:
        picture.save(partial, optimize=True)
