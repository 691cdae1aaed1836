"""The worst images of a condition: the mean of the lowest 5 % of the per-image mIoU.

This is the conditional value at risk of the per-image mIoU at the 5 % level.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.measures.counts import Counts, ScoreArray, mean
from robustbench_seg.measures.image_miou import IMAGE_MIOU
from robustbench_seg.measures.score_info import ScoreInfo

WORST_SHARE = 0.05
"""The share of the images that the score averages."""

LEAST_IMAGES = 20
"""With fewer images, 5 % is less than one image."""


class WorstImages:
    """cvar5: the mean of the ceil(0.05 n) lowest per-image mIoU of n images."""

    name = IMAGE_MIOU.name
    column = IMAGE_MIOU.column
    infos = (
        ScoreInfo(
            "cvar5",
            "worst 5 % of images",
            "Mean of the lowest 5 % of the per-image mIoU under a condition, in percent; the "
            f"number of images is rounded up. Not given for fewer than {LEAST_IMAGES} images.",
            section="failures",
            chief=7,
        ),
    )

    def pooled(self, observed: Counts) -> Counts:
        """Return the observations of image_miou."""
        return IMAGE_MIOU.pooled(observed)

    def draws(self, stack: Counts, times: NDArray[np.float64]) -> Mapping[str, ScoreArray]:
        """Score conditions in every draw of their images.

        Args:
            stack: BxNx2: the observations of image_miou under each of B conditions.
            times: DxN: the number of times that each image is in each draw.

        Returns:
            "cvar5": float64 BxD; nan if fewer than LEAST_IMAGES images have a mIoU.
        """
        return {"cvar5": np.stack([_lowest_mean(observed, times) for observed in stack])}


def _lowest_mean(observed: Counts, times: NDArray[np.float64]) -> ScoreArray:
    """The mean of the lowest WORST_SHARE of the per-image mIoU in each draw."""
    scored = observed[:, 1] > 0
    if scored.sum() < LEAST_IMAGES:
        return np.full(len(times), np.nan)
    order = np.argsort(np.where(scored, observed[:, 0], np.inf), kind="stable")[: scored.sum()]
    number = np.ceil(WORST_SHARE * (times @ scored) - 1e-9)
    # Each draw needs only a few of the lowest images.
    first = 3 * math.ceil(number.max())
    while first < len(order) and (times[:, order[:first]].sum(axis=1) < number).any():
        first *= 2
    lowest, drawn = observed[order[:first], 0], times[:, order[:first]]
    before = np.cumsum(drawn, axis=1) - drawn
    taken = np.clip(number[:, None] - before, 0, drawn)
    return mean(taken @ lowest, number)
