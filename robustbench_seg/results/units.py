"""The sampling unit: what is drawn when the images of a split are drawn anew."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def units(images: Sequence[str], clip: int) -> NDArray[np.intp]:
    """For each image the number of its unit, from 0.

    images: ids
    clip:   of the dataset: 1: each image is a unit; more: so many consecutive frames of a video
        are, about (the frames of a video are shared out evenly). A frame's number is the digits
        that end its name; frames whose names are else the same are one video.

    >>> units(["a_1.png", "a_2.png", "a_10.png", "a_11.png", "b_1.png"], 2).tolist()
    [0, 0, 1, 1, 2]
    """
    if clip == 1:
        return np.arange(len(images))
    videos: dict[str, list[tuple[int, int]]] = {}
    for place, image in enumerate(images):
        stem = re.sub(r"\.[^./]*$", "", image)
        video = stem.rstrip("0123456789")
        videos.setdefault(video, []).append((int(stem[len(video) :] or 0), place))
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
