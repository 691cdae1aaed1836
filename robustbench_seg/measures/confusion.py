"""The confusion matrix of each image, pooled over images: the measure that ranks."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.measures.counts import Counts, ScoreArray
from robustbench_seg.measures.iou import class_counts, miou_of_counts
from robustbench_seg.measures.measure import AdditiveMeasure
from robustbench_seg.measures.prediction import Prediction
from robustbench_seg.measures.score_info import ScoreInfo


class Confusion(AdditiveMeasure):
    """The confusion matrix of each image; its score is the mIoU of the matrices' sum."""

    name = "confusion"
    column = "matrix"
    law = 1
    infos = (
        ScoreInfo(
            "miou",
            "mIoU",
            "Mean over the classes of intersection over union, in percent, from one confusion "
            "matrix pooled over all images, without unlabelled pixels and without classes that "
            "occur in neither prediction nor truth.",
        ),
    )

    def shape(self, classes: int) -> tuple[int, ...]:
        """Return (K, K): rows the truth, columns the prediction."""
        return (classes, classes)

    def shape_with_no_class(self, classes: int) -> tuple[int, ...]:
        """Return (K, K+1). The last column counts pixels that are predicted as no class."""
        return (classes, classes + 1)

    def observe(self, prepared: None, prediction: Prediction) -> NDArray[np.int64]:
        """Return the confusion matrix, int64 KxK or Kx(K+1)."""
        return prediction.matrix

    def pooled(self, observed: Counts) -> NDArray[np.int64]:
        """Return int64 ...x3xK; see class_counts."""
        return class_counts(observed.astype(np.int64, copy=False))

    def compute(self, counts: Counts) -> Mapping[str, ScoreArray]:
        """Return the mean IoU as "miou"."""
        return {"miou": miou_of_counts(counts)}


CONFUSION = Confusion()
