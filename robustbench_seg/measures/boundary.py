"""Errors near the boundaries between classes, and errors inside regions.

A pixel is within d of a boundary if another class of the truth lies in the square of (2 d + 1)^2
pixels around it. Pixels without a label do not count as a class, so they form no boundary. There
the annotation ends, for example at the bonnet of the recording car, and a network does not have to
separate two classes.

The distances are given at 1024x2048. At other sizes d is the same share of the diagonal, rounded
half up, and at least one pixel.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets import IGNORE
from robustbench_seg.measures.counts import Counts, ScoreArray
from robustbench_seg.measures.iou import miou_of_counts
from robustbench_seg.measures.measure import AdditiveMeasure
from robustbench_seg.measures.pair_counts import count_pairs
from robustbench_seg.measures.prediction import Prediction, Truth
from robustbench_seg.measures.score_info import ScoreInfo

DISTANCES = (2, 4, 8)
"""Distances in pixels of an image of REFERENCE_SIZE."""

_CHIEF_DISTANCE = 4
"""The distance whose scores a page shows by default."""

REFERENCE_SIZE = (1024, 2048)

_ZONES = len(DISTANCES) + 1
"""Up to the first distance, between two distances, and beyond the last."""


@dataclass(frozen=True, eq=False)
class TruthZones:
    """The pixels of an image by their distance from a boundary.

    Attributes:
        codes: uint8 HxW: twice the number of the zone, from 0; 2 _ZONES for pixels without a label.
        truth: int64 _ZONESx256: labelled pixels of each zone and class.
    """

    codes: NDArray[np.uint8]
    truth: NDArray[np.int64]


class Boundary(AdditiveMeasure):
    """The mIoU of the pixels within some distances of a boundary, and of the others."""

    name = "boundary"
    column = "boundary"
    law = 1
    infos = (
        *(
            ScoreInfo(
                f"boundary_miou_{d}",
                f"boundary mIoU, {d} px",
                "mIoU, in percent, of the pixels that have a pixel of another true class within "
                f"{d} pixels at 1024x2048, or within the same share of the diagonal at another "
                "size.",
                section="failures",
                chief=1 if d == _CHIEF_DISTANCE else None,
            )
            for d in DISTANCES
        ),
        *(
            ScoreInfo(
                f"interior_miou_{d}",
                f"interior mIoU, {d} px",
                "mIoU, in percent, of all other pixels: those with no other true class within "
                f"{d} pixels at 1024x2048.",
                section="failures",
                chief=2 if d == _CHIEF_DISTANCE else None,
            )
            for d in DISTANCES
        ),
    )

    def shape(self, classes: int) -> tuple[int, ...]:
        """Return (zones, 3, K): see class_counts."""
        return (_ZONES, 3, classes)

    def prepare(self, truth: Truth) -> TruthZones:
        """Sort the pixels by their distance from a boundary."""
        labels = truth.labels
        void = labels == IGNORE
        # Unlabelled pixels are below all classes in the maximum filter, and above them in the
        # minimum filter.
        largest = np.where(void, 0, labels + np.uint8(1))
        smallest = np.where(void, IGNORE, largest)
        codes = np.full(labels.shape, 2 * (_ZONES - 1), np.uint8)
        for zone, distance in reversed([*enumerate(DISTANCES)]):
            side = 2 * pixels_at(distance, labels.shape) + 1
            window = np.ones((side, side), np.uint8)
            other = cv2.dilate(largest, window) != largest
            other |= cv2.erode(smallest, window) != smallest
            codes[other] = 2 * zone
        codes[void] = 2 * _ZONES
        return TruthZones(codes, count_pairs(codes, labels)[: 2 * _ZONES : 2])

    def observe(self, prepared: TruthZones, prediction: Prediction) -> NDArray[np.int64]:
        """Return int64 zones x 3 x K: hits, true pixels and predicted pixels of each zone."""
        classes = len(prediction.matrix)  # also checks the labels
        right = (prediction.labels == prediction.truth).view(np.uint8)
        counts = count_pairs(prepared.codes + right, prediction.labels)
        counts = counts[: 2 * _ZONES, :classes].reshape(_ZONES, 2, classes)
        return np.stack([counts[:, 1], prepared.truth[:, :classes], counts.sum(axis=1)], axis=1)

    def compute(self, counts: Counts) -> Mapping[str, ScoreArray]:
        """Return the mean IoU within each distance, and beyond it."""
        whole = counts.sum(axis=-3, dtype=np.float64)
        scores, near = dict[str, ScoreArray](), np.zeros_like(whole)
        for zone, distance in enumerate(DISTANCES):
            near += counts[..., zone, :, :]  # np.cumsum takes several times as long
            scores[f"boundary_miou_{distance}"] = miou_of_counts(near)
            scores[f"interior_miou_{distance}"] = miou_of_counts(whole - near)
        return scores


def pixels_at(distance: float, shape: tuple[int, ...]) -> int:
    """Convert a distance at REFERENCE_SIZE to that of another size.

    Args:
        distance: The distance in pixels of an image of REFERENCE_SIZE.
        shape: Height and width of the image.

    Returns:
        The same share of the diagonal in pixels, rounded half up, at least 1.

    >>> pixels_at(8, (1024, 2048)), pixels_at(8, (192, 384)), pixels_at(2, (192, 384))
    (8, 2, 1)
    """
    share = math.hypot(*shape) / math.hypot(*REFERENCE_SIZE)
    return max(1, math.floor(distance * share + 0.5))
