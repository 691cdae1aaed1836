"""The confusion matrix, and the one score read from it: intersection over union.

Matrices of many images are added, never their scores averaged: the mIoU of a split is the score
of the sum (Cityscapes' evaluation, `evalPixelLevelSemanticLabeling.py`).
"""

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets import IGNORE
from robustbench_seg.errors import DatasetError, ModelError


def confusion_matrix(
    labels: NDArray[np.integer], predictions: NDArray[np.integer], classes: int
) -> NDArray[np.int64]:
    """Count the pixels of each (true class, predicted class).

    labels:      integers of any shape, 0..classes-1, or 255 where a pixel is not scored
    predictions: integers of the same shape, 0..classes-1 everywhere
    classes:     number of classes K, 1..255

    Returns int64 KxK: rows are the truth, columns the prediction. Nothing overflows, whatever
    the integer types given. Raises DatasetError for a label and ModelError for a prediction
    that is no class.

    >>> truth, seen = np.uint8([[0, 0, 1, 255]]), np.uint8([[0, 1, 1, 1]])
    >>> confusion_matrix(truth, seen, 2).tolist()
    [[1, 1], [0, 1]]
    """
    if labels.shape != predictions.shape:
        raise ModelError(
            f"predictions of shape {predictions.shape} for labels of shape {labels.shape}: "
            "the segmenter must return one class for each pixel of the image"
        )
    if predictions.size and not 0 <= int(predictions.min()) <= int(predictions.max()) < classes:
        raise ModelError(
            f"predictions from {predictions.min()} to {predictions.max()} for {classes} classes: "
            "the model does not belong to this dataset"
        )
    if labels.size and not 0 <= int(labels.min()) <= int(labels.max()) <= IGNORE:
        raise DatasetError(f"labels from {labels.min()} to {labels.max()}: 0 to {IGNORE} wanted")
    from robustbench_seg.measures.counting import (
        count_pairs,  # compiles: not when the package is imported
    )

    counts = count_pairs(labels.astype(np.uint8).ravel(), predictions.astype(np.uint8).ravel())
    counts = counts[:, :classes]
    if counts[classes:IGNORE].any():
        stray = classes + int(np.flatnonzero(counts[classes:IGNORE].any(axis=1))[0])
        raise DatasetError(
            f"label {stray} for {classes} classes: labels must be class indices or {IGNORE}"
        )
    return counts[:classes].copy()


def iou(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """Intersection over union of each class: TP / (TP + FP + FN), in 0..1.

    matrix: int64 ...xKxK of `confusion_matrix`, or a sum or a stack of such. Returns float64
    ...xK; nan where a class occurs neither in the truth nor in the predictions.

    >>> iou(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]])).tolist()
    [0.5, 0.5, nan]
    """
    hit = np.diagonal(matrix, axis1=-2, axis2=-1)
    union = matrix.sum(axis=-1) + matrix.sum(axis=-2) - hit
    scores = np.full(hit.shape, np.nan)
    np.divide(hit, union, out=scores, where=union > 0)
    return scores


def mean_iou(matrix: NDArray[np.int64]) -> float:
    """Mean of `iou` over the classes that occur, in percent; nan where none does.

    >>> mean_iou(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]]))
    50.0
    """
    scores = iou(matrix)
    scores = scores[~np.isnan(scores)]
    return float(scores.mean() * 100) if scores.size else float("nan")
