"""Segmenters that give the gradient of a loss with respect to the image."""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from robustbench_seg.segmenter.segmenter import Segmenter
from robustbench_seg.segmenter.window_gradient import Loss


@runtime_checkable
class DifferentiableSegmenter(Segmenter, Protocol):
    """A segmenter that gives gradients. See `no_gradient`."""

    @property
    def device(self) -> torch.device:
        """The torch device of its images and logits."""
        ...

    def loss_gradient(self, image: Tensor, loss: Loss) -> tuple[Tensor, Tensor]:
        """Compute logits, and the gradient of their loss with respect to the image.

        The logits are those that are scored: after the same preprocessing, scaling and padding,
        averaged where windows overlap, at the size of the image. For a mask classifier, they
        are the logarithms of the class scores divided by their sum.

        Args:
            image: float32 3xHxW RGB in 0..1, on `device`.
            loss: Maps float32 logits KxHxW to a scalar.

        Returns:
            float32 logits KxHxW without a graph, and the gradient of the loss, float32 3xHxW.
        """
        ...


def no_gradient(segmenter: Segmenter) -> str | None:
    """Say why a segmenter gives no gradient.

    Args:
        segmenter: The segmenter.

    Returns:
        The reason, as the end of a sentence, or None if it gives a gradient.
    """
    reason: str | None = getattr(segmenter, "no_gradient", None)
    if reason is not None:
        return reason
    if isinstance(segmenter, DifferentiableSegmenter):
        return None
    return "it has no method loss_gradient"
