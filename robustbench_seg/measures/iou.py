"""Intersection over union, in percent: TP / (TP + FP + FN) of each class, and its mean.

The mIoU of a split is the score of the summed matrices of its images, not the mean of their scores
(Cityscapes' evaluation, `evalPixelLevelSemanticLabeling.py`). A matrix has K x K entries, but its
scores need three counts for each class; for 171 classes and thousands of images, only the counts
fit in memory.
"""

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.measures.counts import Counts, class_mean, percent


def class_counts(matrix: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the true positives, the true pixels and the predicted pixels of each class.

    Args:
        matrix: int64 ...xKxK of `confusion_matrix`, rows the truth, or a sum or stack of them. Or
            ...xKx(K+1): pixels that are predicted as no class are true pixels of their row.

    Returns:
        int64 ...x3xK.

    >>> class_counts(np.array([[5, 1], [2, 4]])).tolist()
    [[5, 4], [6, 6], [7, 5]]
    >>> class_counts(np.array([[5, 1, 3], [2, 4, 0]])).tolist()
    [[5, 4], [9, 6], [7, 5]]
    """
    hits = np.diagonal(matrix, axis1=-2, axis2=-1)
    predicted = matrix.sum(-2)[..., : matrix.shape[-2]]
    return np.stack([hits, matrix.sum(-1), predicted], axis=-2)


def iou_of_counts(counts: Counts) -> NDArray[np.float64]:
    """IoU of each class.

    Args:
        counts: ...x3xK of `class_counts`, of one image or summed.

    Returns:
        float64 ...xK in percent; nan for a class that occurs in neither the truth nor the
        prediction.

    >>> iou_of_counts(class_counts(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]]))).tolist()
    [50.0, 50.0, nan]
    """
    hits, truth, predicted = np.moveaxis(counts, -2, 0)
    return percent(hits, truth + predicted - hits)


def miou_of_counts(counts: Counts) -> NDArray[np.float64]:
    """Mean of the IoU over the classes that occur.

    Args:
        counts: ...x3xK of `class_counts`, of one image or summed.

    Returns:
        float64 (...) in percent; nan where no class occurs.
    """
    return class_mean(iou_of_counts(counts))


def mean_iou(matrix: NDArray[np.int64]) -> float:
    """Mean IoU of one confusion matrix, over the classes that occur.

    Args:
        matrix: int64 KxK or Kx(K+1) of `confusion_matrix`, or a sum of them.

    Returns:
        In percent; nan where no class occurs.

    >>> mean_iou(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]]))
    50.0
    """
    return float(miou_of_counts(class_counts(matrix)))
