"""The sampling unit of the bootstrap over the images of a split."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.errors import ResultsError


def unit_of_image(images: Sequence[str], clip: int) -> NDArray[np.intp]:
    """Number the sampling units of images.

    The number of a frame is the last separate number in its name, between "_", "-", "." or "/", or
    otherwise its last digits. Frames whose names are otherwise equal belong to one video.

    Args:
        images: Image ids.
        clip: The dataset's number of images in a unit. 1: each image is a unit. More: a unit is
            about this many consecutive frames; the frames of a video are split evenly.

    Returns:
        For each image the number of its unit, from 0.

    Raises:
        ResultsError: clip is more than 1, and an image has no number in its name.

    >>> unit_of_image(["a_1.png", "a_2.png", "a_10.png", "a_11.png", "b_1.png"], 2).tolist()
    [0, 0, 1, 1, 2]
    """
    if clip == 1:
        return np.arange(len(images))
    videos = dict[str, list[tuple[int, int]]]()
    for place, image in enumerate(images):
        stem = re.sub(r"\.[^./]*$", "", image)
        numbers_in_name = [*re.finditer(r"(?<![^_./-])\d+(?![^_./-])", stem)] or [
            *re.finditer(r"\d+", stem)
        ]
        if not numbers_in_name:
            raise ResultsError(
                f"{image}: no frame number in its name, so clips of {clip} frames cannot be "
                "formed; set clip = 1 in the description of the dataset"
            )
        start, end = numbers_in_name[-1].span()
        videos.setdefault(f"{stem[:start]}*{stem[end:]}", []).append((int(stem[start:end]), place))
    numbers = np.empty(len(images), np.intp)
    count = 0
    for frames in videos.values():
        places = [place for _, place in sorted(frames)]
        for of_clip in np.array_split(places, max(1, round(len(places) / clip))):
            numbers[of_clip] = count
            count += 1
    return numbers


def unit_name(clip: int) -> str:
    """Describe the units of a dataset with this `clip`."""
    return "images" if clip == 1 else f"clips of about {clip} consecutive frames"
