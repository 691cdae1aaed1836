"""The interface of a segmenter: it maps images to labels and has a record of what decides them."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.segmenter.float_image import AnyImage
from robustbench_seg.segmenter.inference.window_gradient import Loss
from robustbench_seg.segmenter.labelling.confidence import Labelled


class Segmenter(Protocol):
    """An object that labels images. An evaluation needs only this interface."""

    @property
    def name(self) -> str:
        """Its name in every table."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that it predicts, in the order of the label indices."""
        ...

    @property
    def record(self) -> SegmenterRecord:
        """Everything about it that decides a label. It is part of a run's key."""
        ...

    @property
    def about(self) -> ModelFacts:
        """Further facts for readers, not part of the key."""
        ...

    def __call__(self, image: AnyImage) -> NDArray[np.uint8]:
        """Label an image.

        Args:
            image: uint8 HxWx3 RGB, or a FloatImage, which only some segmenters take.

        Returns:
            uint8 HxW class indices.
        """
        ...


@runtime_checkable
class ConfidentSegmenter(Segmenter, Protocol):
    """A segmenter that also returns confidence."""

    def with_confidence(
        self, image: AnyImage, truth: NDArray[np.uint8], temperatures: Sequence[float]
    ) -> Labelled:
        """Label an image, with the confidence of each label.

        Args:
            image: uint8 HxWx3 RGB, or a FloatImage, which only some segmenters take.
            truth: uint8 HxW class indices, for the sums of two losses; 255 for pixels that are not
                scored.
            temperatures: Divisors of the logits before the softmax. A segmenter without logits gets
                only 1.

        Returns:
            The labels, as from a call of the segmenter, and the confidence at each temperature.
        """
        ...


@runtime_checkable
class DifferentiableSegmenter(Segmenter, Protocol):
    """A segmenter that has gradients. See `why_no_gradient`."""

    @property
    def device(self) -> torch.device:
        """The torch device of its images and logits."""
        ...

    def loss_gradient(self, image: Tensor, loss: Loss) -> tuple[Tensor, Tensor]:
        """Compute logits, and the gradient of their loss with respect to the image.

        The logits are the scored ones: after the same preprocessing, scaling and padding, averaged
        where windows overlap, at the size of the image. For a mask classifier, they are the
        logarithms of the class scores divided by their sum.

        Args:
            image: float32 3xHxW RGB in 0..1, on `device`.
            loss: Maps float32 logits KxHxW to a scalar.

        Returns:
            float32 logits KxHxW without a graph, and the gradient of the loss, float32 3xHxW.
        """
        ...
