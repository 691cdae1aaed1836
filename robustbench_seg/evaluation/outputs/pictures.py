"""Writing the pictures of a run; `store.PictureFiles` names their files.

Images are at most 512 pixels wide. Label pictures are PNG files of class indices with the
dataset's palette; ignored pixels are black.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robustbench_seg.files import atomic_file
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.segmenter import FloatImage
from robustbench_seg.store import KEPT_SEVERITIES, PictureFiles

WIDTH = 512

Palette = Sequence[Sequence[int]]


def keep_pictures(
    run: Path,
    condition: Condition,
    image: NDArray[np.uint8] | FloatImage,
    labels: NDArray[np.uint8],
    prediction: NDArray[np.uint8],
    palette: Palette,
    *,
    is_attack: bool = False,
) -> None:
    """Write the pictures of one condition into a run folder.

    Args:
        run: The run folder.
        condition: The condition.
        image: HxWx3 RGB.
        labels: uint8 HxW class indices.
        prediction: uint8 HxW class indices.
        palette: One RGB colour, 0..255, for each class.
        is_attack: Whether the condition is an attack; pictures of attacks are kept at every
            severity.
    """
    if condition.severity not in KEPT_SEVERITIES and not is_attack:
        return
    files = PictureFiles.of_run(run)
    write_labels(files.prediction(condition), prediction, palette)
    if not files.truth.exists():
        write_labels(files.truth, labels, palette)
    write_input(files.input(condition), image)


def write_input(path: Path, image: NDArray[np.uint8] | FloatImage) -> None:
    """Write HxWx3 RGB, rounded to 8 bits, as a JPEG at most WIDTH wide."""
    if isinstance(image, FloatImage):
        image = np.rint(image.values * 255).astype(np.uint8)
    picture = Image.fromarray(image)
    picture.thumbnail((WIDTH, WIDTH * 4))
    with atomic_file(path) as file:
        picture.save(file, quality=85)


def write_labels(path: Path, labels: NDArray[np.uint8], palette: Palette) -> None:
    """Write uint8 HxW class indices as a PNG of the same values, shown in `palette`."""
    picture = Image.fromarray(labels)
    colours = [value for colour in palette for value in colour]
    picture.putpalette(colours + [0] * (768 - len(colours)))
    with atomic_file(path) as file:
        picture.save(file, optimize=True)
