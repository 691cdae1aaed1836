"""SEA: chooses one of several attacks for each image.

Croce, Singh and Hein, "Towards Reliable Evaluation and Fast Training of Robust Semantic
Segmentation Models", arXiv 2306.12941. The mIoU is not a mean over the images, so a greedy search
looks for its minimum. The pixel accuracy is a sum over the images, so its minimum is exact.
"""

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.measures import miou_of_counts

SEED = 0
"""Seed of the orders in which the search goes through the images."""

MAX_PASSES = 1000

LEAST_GAIN = 1e-6
"""The search ends after a pass that lowers the mIoU, as a share in 0..1, by at most this."""


def sea_choice(counts: NDArray[np.int64]) -> NDArray[np.intp]:
    """Choose an attack for each image, so that the mIoU of all images is low.

    The search begins with one attack for all images: the one with the lowest mIoU, or the first of
    several. Then it goes through the images in random order. It gives each image the attack with
    which the mIoU of all images is the lowest, if this is lower than before. It repeats this, in a
    new order each time, until LEAST_GAIN or MAX_PASSES is reached. So the mIoU of the choice is
    never above that of any single attack.

    Args:
        counts: MxNx3xK, the class_counts of the confusion matrices of M attacks on N images.

    Returns:
        (N,), the index 0..M-1 of the attack of each image. It depends only on the counts.
    """
    images = counts.shape[1]
    scores = np.nan_to_num(miou_of_counts(counts.sum(axis=1)), nan=0.0)
    choice = np.full(images, int(scores.argmin()), np.intp)
    # Intersections and unions, NxMx2xK. Sums of pixels are exact in float64.
    hits, truth, predicted = np.moveaxis(counts, -2, 0)
    pairs = np.stack([hits, truth + predicted - hits], axis=-2).swapaxes(0, 1).astype(np.float64)
    total = pairs[np.arange(images), choice].sum(axis=0)
    generator = np.random.default_rng(SEED)
    current = float(_miou(total))
    for _ in range(MAX_PASSES):
        before = current
        for image in generator.permutation(images):
            of_image = pairs[image]
            totals = total - of_image[choice[image]] + of_image
            mious = _miou(totals)
            lowest = int(mious.argmin())
            if mious[lowest] < current:
                choice[image], total, current = lowest, totals[lowest], float(mious[lowest])
        if before - current <= LEAST_GAIN:
            break
    return choice


def least_accurate(counts: NDArray[np.int64]) -> NDArray[np.intp]:
    """Choose, for each image, the attack under which the fewest pixels are correct.

    Args:
        counts: MxNx3xK, the class_counts of the confusion matrices of M attacks on N images.

    Returns:
        (N,), the index 0..M-1 of the attack of each image; the first one if several are equal.
    """
    return np.asarray(counts[..., 0, :].sum(axis=-1).argmin(axis=0))


def _miou(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the mIoU, 0..1, of intersections and unions ...x2xK; 0 if no class occurs."""
    union = totals[..., 1, :]
    each = totals[..., 0, :] / np.maximum(union, 1)
    mean: NDArray[np.float64] = each.sum(-1) / np.maximum(np.count_nonzero(union, axis=-1), 1)
    return mean
