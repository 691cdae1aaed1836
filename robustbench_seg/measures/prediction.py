"""The input of measures: the annotation of an image, and the prediction of a segmenter."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.measures.confusion_matrix import confusion_matrix


@dataclass(frozen=True, eq=False)
class Truth:
    """The annotation of one image.

    Attributes:
        labels: uint8 HxW class indices; 255 for pixels that are not scored.
        read_instances: Returns int32 HxW, the instance number of each pixel, 0 for pixels without
            an instance; or None if the dataset has no instances.
    """

    labels: NDArray[np.uint8]
    read_instances: Callable[[], NDArray[np.int32] | None] = lambda: None


@dataclass(frozen=True, eq=False)
class Confidence:
    """The confidence of a segmenter in the labels of one image, at one temperature.

    Attributes:
        doubt: float32 HxW, 1 - p without cancellation; p is the confidence in a label, the largest
            softmax probability.
        nll: Sum of -log of the probability of the true class over the scored pixels, in nats; None
            if only the confidence is known.
        brier: Sum over the scored pixels of the squared distance, 0..2, between the probabilities
            and the truth (1 for its class, 0 for the others); None likewise.
    """

    doubt: NDArray[np.float32]
    nll: float | None = None
    brier: float | None = None


@dataclass(frozen=True, eq=False)
class Prediction:
    """The labels that a segmenter predicts for one image, with the truth.

    Attributes:
        labels: uint8 HxW class indices; with `no_class`, 255 for pixels without a predicted class.
            Such a pixel is a miss of its true class and not a false positive of any class.
        truth: uint8 HxW class indices; 255 for pixels that are not scored.
        classes: Number of classes K.
        confidence: The confidence in the labels; None if it is not requested or not available.
        scaled: The same at the requested temperature; None likewise.
        file_digests: Digests of the files from which it was read; None if it was computed.
        no_class: Whether predictions may have no class.
    """

    labels: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    classes: int
    confidence: Confidence | None = None
    scaled: Confidence | None = None
    file_digests: str | None = field(default=None, kw_only=True)
    no_class: bool = field(default=False, kw_only=True)

    @cached_property
    def matrix(self) -> NDArray[np.int64]:
        """The confusion matrix, rows the truth; several measures use it.

        It is int64 KxK, or Kx(K+1) with `no_class`.

        Raises:
            DatasetError: A label is not a class.
            ModelError: A prediction is not a class.
        """
        return confusion_matrix(self.truth, self.labels, self.classes, no_class=self.no_class)
