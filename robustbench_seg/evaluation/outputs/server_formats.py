"""The files that test servers require: their folders, names and values.

Sources: the evaluation script of github.com/mcordts/cityscapesScripts for Cityscapes; the
submission instructions of codabench.org/competitions/14005 for MUSES; the README of
github.com/valeoai/bravo_challenge for BRAVO. ACDC's instructions are taken from repositories that
follow them (github.com/BIT-DA/VBLC, github.com/brdav/cma); docs/datasets.md lists what could not be
verified.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets import described_facts
from robustbench_seg.records.cards.prediction_manifest import CONFIDENCE_SUFFIX, FULL
from robustbench_seg.records.values.choices import PredictionFormat
from robustbench_seg.records.values.condition import as_png


class ConfidenceFiles(NamedTuple):
    """The files of confidence of a format.

    Attributes:
        labels: The suffix of a label file.
        suffix: The suffix of its confidence file, in place of that.
        levels: Converts 1 - p, float32 in 0..1, to the values of the file, uint16 of the same
            shape.
    """

    labels: str
    suffix: str
    levels: Callable[[NDArray[np.float32]], NDArray[np.uint16]]


@dataclass(frozen=True)
class FileFormat:
    """The format of saved predictions.

    Attributes:
        name: Name of the format.
        path: Returns, for an image id, the path of its labels in the folder of a condition, or
            None if the server has no such image.
        images: Pattern of the image ids, for errors.
        classes: The classes of the server. None: any.
        ids: Maps a class index to the value in a file. None: the index itself, shown in the
            dataset's colours.
        confidence: The files of confidence. None: there are none.
    """

    name: PredictionFormat
    path: Callable[[str], str | None]
    images: str = ""
    classes: tuple[str, ...] | None = None
    ids: tuple[int, ...] | None = None
    confidence: ConfidenceFiles | None = None

    def confidence_path(self, labels: Path) -> Path | None:
        """Return the path of the confidence file of a label file, or None if there is none.

        >>> file_format("bravo").confidence_path(Path("bravo_synobjs/baby/49_pred.png")).name
        '49_conf.png'
        >>> file_format("indices", confidence=True).confidence_path(Path("clean/0/val/7.png")).name
        '7.confidence.png'
        """
        if self.confidence is None:
            return None
        name = labels.name.removesuffix(self.confidence.labels)
        return labels.with_name(name + self.confidence.suffix)


def file_format(name: PredictionFormat, *, confidence: bool = False) -> FileFormat:
    """Look up a format.

    Args:
        name: Its name.
        confidence: Whether class indices have confidence files. Formats of servers ignore it.
    """
    if name == "indices":
        return FileFormat(name, as_png, confidence=_INDICES if confidence else None)
    facts = described_facts("cityscapes")
    ids = facts.label_ids if name == "cityscapes" else tuple(range(len(facts.classes)))
    path, images = _PATHS[name]
    return FileFormat(name, path, images, facts.classes, ids, _BRAVO if name == "bravo" else None)


def _cityscapes(image: str) -> str | None:
    """Convert <city>_<sequence>_<frame>_leftImg8bit.png; the server needs <city>_*_*_*.png."""
    found = re.fullmatch(r"(?:.*/)?([^/_]+_\d{6}_\d{6})_leftImg8bit\.png", image)
    return found and f"{found[1]}_labelIds.png"


def _acdc(image: str) -> str | None:
    found = re.fullmatch(r"(?:.*/)?([^/]+_frame_\d{6}_rgb(?:_ref)?_anon)\.png", image)
    return found and f"labelTrainIds/{found[1]}.png"


def _muses(image: str) -> str | None:
    """Convert <sequence>_frame_<frame>_frame_camera.png."""
    found = re.fullmatch(r"(?:.*/)?([^/]+_frame_\d{6})_frame_camera\.png", image)
    return found and f"labelTrainIds/{found[1]}.png"


def _bravo(image: str) -> str | None:
    """Convert a path in the benchmark dataset, or in ACDC, whose test split it includes."""
    if image.startswith("rgb_anon/"):
        image = f"bravo_ACDC/{image.removeprefix('rgb_anon/')}"
    if not re.match(r"bravo_[A-Za-z]+/", image):
        return None
    return f"{PurePosixPath(image).with_suffix('')}_pred.png"


def _index_levels(doubt: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Quantise confidence as `predictions:` reads it: round(65535 p).

    >>> _index_levels(np.float32([0, 0.25, 1])).tolist()
    [65535, 49151, 0]
    """
    return np.rint((1.0 - doubt.astype(np.float64)) * FULL).astype(np.uint16)


def _bravo_levels(doubt: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Quantise confidence as the challenge suggests: min(floor(65536 p), 65535).

    >>> _bravo_levels(np.float32([0, 0.25, 1])).tolist()
    [65535, 49152, 0]
    """
    levels = np.floor((1.0 - doubt.astype(np.float64)) * 65536)
    return np.clip(levels, 0, 65535).astype(np.uint16)


_INDICES = ConfidenceFiles(".png", CONFIDENCE_SUFFIX, _index_levels)

_BRAVO = ConfidenceFiles("_pred.png", "_conf.png", _bravo_levels)

_PATHS: Mapping[str, tuple[Callable[[str], str | None], str]] = {
    "cityscapes": (_cityscapes, "<city>_000000_000019_leftImg8bit.png"),
    "acdc": (_acdc, "<sequence>_frame_000247_rgb_anon.png"),
    "muses": (_muses, "<sequence>_frame_079714_frame_camera.png"),
    "bravo": (_bravo, "bravo_<subset>/... or rgb_anon/<condition>/test/..."),
}
"""For each server, the function for the path of labels and the pattern of image ids."""
