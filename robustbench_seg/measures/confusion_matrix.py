"""The confusion matrix of an image, with checks of its labels and predictions."""

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets import IGNORE
from robustbench_seg.errors import DatasetError, ModelError
from robustbench_seg.measures.pair_counts import count_pairs


def confusion_matrix(
    labels: NDArray[np.integer],
    predictions: NDArray[np.integer],
    classes: int,
    *,
    no_class: bool = False,
) -> NDArray[np.int64]:
    """Count the pixels of each pair of true and predicted class.

    Args:
        labels: Integers of any shape, 0..classes-1, or 255 for pixels that are not scored.
        predictions: Integers of the same shape, 0..classes-1 everywhere; with `no_class` also 255.
        classes: Number of classes K, 1..254.
        no_class: Whether predictions may have no class, 255.

    Returns:
        int64 KxK: rows are the truth, columns the prediction. With `no_class` Kx(K+1): the last
        column counts pixels that are predicted as no class. No integer type overflows.

    Raises:
        DatasetError: A label is not a class.
        ModelError: A prediction is not a class, or the shapes differ.

    >>> truth, prediction = np.uint8([[0, 0, 1, 255]]), np.uint8([[0, 1, 1, 1]])
    >>> confusion_matrix(truth, prediction, 2).tolist()
    [[1, 1], [0, 1]]
    >>> confusion_matrix(truth, np.uint8([[0, 255, 1, 1]]), 2, no_class=True).tolist()
    [[1, 0, 1], [0, 1, 0]]
    """
    if labels.shape != predictions.shape:
        raise ModelError(
            f"the predictions have shape {predictions.shape}, the labels {labels.shape}; the "
            "segmenter must return one class for each pixel of the image"
        )
    if predictions.size and not 0 <= int(predictions.min()) <= int(predictions.max()) <= IGNORE:
        raise _no_such_class(predictions, classes)
    if labels.size and not 0 <= int(labels.min()) <= int(labels.max()) <= IGNORE:
        raise DatasetError(f"labels from {labels.min()} to {labels.max()}: expected 0 to {IGNORE}")
    counts = count_pairs(labels.astype(np.uint8), predictions.astype(np.uint8))
    known = [*range(classes), *([IGNORE] if no_class else [])]
    if counts.sum() != counts[:, known].sum():
        raise _no_such_class(predictions, classes)
    counts = counts[:, known]
    if counts[classes:IGNORE].any():
        stray = classes + int(np.flatnonzero(counts[classes:IGNORE].any(axis=1))[0])
        raise DatasetError(
            f"label {stray} is out of range for {classes} classes; labels must be class indices "
            f"or {IGNORE}"
        )
    return counts[:classes].copy()


def _no_such_class(predictions: NDArray[np.integer], classes: int) -> ModelError:
    return ModelError(
        f"predictions from {predictions.min()} to {predictions.max()} are out of range for "
        f"{classes} classes; choose a model with the classes of this dataset"
    )
