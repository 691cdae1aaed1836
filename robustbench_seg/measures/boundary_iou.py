"""Boundary IoU: the IoU of the bands along the contours of the true and the predicted regions.

Cheng et al., "Boundary IoU", CVPR 2021, arXiv 2103.16562: the band of a class consists of
its pixels that are at most d from its contour. The image's border is part of the contour, and d is
a share of the image's diagonal. As in the authors' code, a pixel is in the band if the square of
(2 d + 1)^2 pixels around it contains a pixel of another class or extends beyond the image; d is
rounded, and at least 1. Both bands are computed from the unmasked labels, and pixels without a
label are then removed from both. In the truth, a class thus ends where its labels end.
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

SHARES = {"boundary_iou": 0.02, "boundary_iou_fine": 0.005}
"""Distances as shares of the diagonal, the larger first. 2 % is the authors' default."""


@dataclass(frozen=True, eq=False)
class TruthBands:
    """The bands of the truth.

    Attributes:
        bands: uint8 HxW: the number of bands of SHARES that contain the pixel.
        void: bool HxW: pixels without a label.
        truth: int64 2x256: pixels of each band and class.
    """

    bands: NDArray[np.uint8]
    void: NDArray[np.bool_]
    truth: NDArray[np.int64]


class BoundaryIoU(AdditiveMeasure):
    """The mean over the classes of the IoU of the bands, pooled over images."""

    name = "boundary_iou"
    column = "boundary_iou"
    law = 1
    infos = tuple(
        ScoreInfo(
            name,
            f"boundary IoU, {100 * share:g} %",
            "Mean over the classes, in percent, of the IoU of the pixels of truth and prediction "
            f"within {100 * share:g} % of the image's diagonal from their contours, pooled over "
            "all images (Cheng et al., arXiv 2103.16562).",
            section="failures",
        )
        for name, share in SHARES.items()
    )

    def shape(self, classes: int) -> tuple[int, ...]:
        """Return (2, 3, K): for each of SHARES, pixels in both bands, the true, the predicted."""
        return (len(SHARES), 3, classes)

    def prepare(self, truth: Truth) -> TruthBands:
        """Find the bands of the truth."""
        void = truth.labels == IGNORE
        bands = contour_bands(truth.labels)
        bands[void] = 0
        wide, fine = count_pairs(bands, truth.labels)[1:3]
        return TruthBands(bands, void, np.stack([wide + fine, fine]))

    def observe(self, prepared: TruthBands, prediction: Prediction) -> NDArray[np.int64]:
        """Return int64 2x3xK of `shape`."""
        classes = len(prediction.matrix)  # also checks the labels
        labels = prediction.labels
        predicted = contour_bands(labels)
        predicted[prepared.void] = 0
        both = np.minimum(prepared.bands, predicted)
        both *= labels == prediction.truth
        # A pixel is in 0, 1 or 2 bands of the prediction, and in at most as many bands of both.
        counts = count_pairs(3 * predicted + both, labels)[:9, :classes].reshape(3, 3, classes)
        of_both, of_prediction = counts.sum(axis=0), counts.sum(axis=1)
        return np.stack(
            [
                np.stack([of_both[n:].sum(0), truth[:classes], of_prediction[n:].sum(0)])
                for n, truth in enumerate(prepared.truth, 1)
            ]
        )

    def compute(self, counts: Counts) -> Mapping[str, ScoreArray]:
        """Return the mean IoU of the bands of each of SHARES."""
        scores = miou_of_counts(counts)
        return {name: scores[..., place] for place, name in enumerate(SHARES)}


def contour_bands(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Find the bands along the contours of all classes.

    Args:
        labels: uint8 HxW.

    Returns:
        uint8 HxW: the number of bands of SHARES, starting at the widest, that contain the pixel.
    """
    bands = np.zeros(labels.shape, np.uint8)
    for share in SHARES.values():
        distance = max(1, round(share * math.hypot(*labels.shape)))
        window = np.ones((2 * distance + 1, 2 * distance + 1), np.uint8)
        band = cv2.dilate(labels, window) != cv2.erode(labels, window)
        band[:distance] = band[-distance:] = True
        band[:, :distance] = band[:, -distance:] = True
        bands += band
    return bands
