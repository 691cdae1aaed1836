"""The sampling unit: what is drawn when the images of a split are drawn anew."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.errors import ResultsError


def unit_of_image(images: Sequence[str], clip: int) -> NDArray[np.intp]:
    """For each image the number of its unit, from 0.

    images: ids
    clip:   of the dataset: 1: each image is a unit; more: so many consecutive frames of a video
        are, about (the frames of a video are shared out evenly). A frame's number is the last
        that stands alone in its name, between "_", "-", "." or "/", or otherwise its last digits;
        frames whose names are otherwise the same are one video.

    Raises ResultsError for more than one and a frame without a number.

    >>> unit_of_image(["a_1.png", "a_2.png", "a_10.png", "a_11.png", "b_1.png"], 2).tolist()
    [0, 0, 1, 1, 2]
    """
    if clip == 1:
        return np.arange(len(images))
    videos = dict[str, list[tuple[int, int]]]()
    for place, image in enumerate(images):
        stem = re.sub(r"\.[^./]*$", "", image)
        found = [*re.finditer(r"(?<![^_./-])\d+(?![^_./-])", stem)] or [*re.finditer(r"\d+", stem)]
        if not found:
            raise ResultsError(
                f"{image}: no frame number in its name, so clips of {clip} frames cannot be "
                "formed; say clip = 1 in the description of the dataset"
            )
        start, end = found[-1].span()
        videos.setdefault(f"{stem[:start]}*{stem[end:]}", []).append((int(stem[start:end]), place))
    numbers = np.empty(len(images), np.intp)
    count = 0
    for frames in videos.values():
        places = [place for _, place in sorted(frames)]
        for part in np.array_split(places, max(1, round(len(places) / clip))):
            numbers[part] = count
            count += 1
    return numbers


def unit_name(clip: int) -> str:
    """What a unit is, in words."""
    return "images" if clip == 1 else f"clips of about {clip} consecutive frames"
