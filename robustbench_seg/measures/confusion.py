"""The confusion matrix, and the scores of matrices pooled over images: IoU and mIoU.

A matrix has K x K entries, but its scores need three counts for each class; for 171 classes and
thousands of images, only the counts fit in memory.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.measures.measure import Counts, Prediction, Score, Scores


def class_counts(matrix: NDArray[np.int64]) -> NDArray[np.int64]:
    """True positives, pixels of the truth, pixels predicted, of each class.

    matrix: int64 ...xKxK, rows the truth. Returns int64 ...x3xK.

    >>> class_counts(np.array([[5, 1], [2, 4]])).tolist()
    [[5, 4], [6, 6], [7, 5]]
    """
    hits = np.diagonal(matrix, axis1=-2, axis2=-1)
    return np.stack([hits, matrix.sum(-1), matrix.sum(-2)], axis=-2)


def iou_of_counts(counts: Counts) -> Scores:
    """IoU in percent of each class; nan for a class in neither truth nor prediction.

    counts: ...x3xK, one image's or summed. Returns float64 ...xK.
    """
    hits, truth, predicted = np.moveaxis(counts, -2, 0)
    union = truth + predicted - hits
    scores = np.full(hits.shape, np.nan)
    np.divide(100.0 * hits, union, out=scores, where=union > 0)
    return scores


def miou_of_counts(counts: Counts) -> Scores:
    """Mean of the IoU over the classes that occur, in percent; nan where none does.

    counts: ...x3xK. Returns float64 of shape (...).
    """
    scores = iou_of_counts(counts)
    occurs = ~np.isnan(scores)
    number = occurs.sum(-1)
    means = np.full(number.shape, np.nan)
    np.divide(np.where(occurs, scores, 0).sum(-1), number, out=means, where=number > 0)
    return means


class Confusion:
    """The confusion matrix of each image; its score is the mIoU of the matrices' sum."""

    name = "confusion"
    column = "matrix"
    law = 1
    scores = (
        Score(
            "miou",
            "mIoU",
            "Mean over the classes of intersection over union, in percent, from one confusion "
            "matrix pooled over all images; pixels without a label are left out, and so are "
            "classes that occur in neither prediction nor truth.",
        ),
    )

    def shape(self, classes: int) -> tuple[int, ...]:
        """A matrix: rows the truth, columns the prediction."""
        return (classes, classes)

    def prepare(self, truth: NDArray[np.uint8]) -> None:
        """Nothing: the matrix needs the truth as it is."""

    def observe(self, prepared: None, prediction: Prediction) -> NDArray[np.int64]:
        """int64 KxK."""
        return prediction.matrix

    def pooled(self, observed: Counts) -> NDArray[np.int64]:
        """int64 ...x3xK; see class_counts."""
        return class_counts(observed.astype(np.int64, copy=False))

    def score(self, counts: Counts) -> Mapping[str, Scores]:
        """Mean IoU."""
        return {"miou": miou_of_counts(counts)}


CONFUSION = Confusion()
