"""Averages the predictions of a network for the views of an image, mirrored and scaled.

The probabilities are averaged, not the logits. So all views have the same weight, regardless of
the scale of their logits, and the average is the confidence. OpenMMLab's published scores "with
multi-scale and flip" are computed in this way. Logits are upsampled to the size of the view and
scaled to that of the image before the softmax. Images are labelled in strips of rows, so that the
KxHxW array of all probabilities is never in memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_seg.segmenter.labelling.confidence import ConfidenceStrips, Labelled, logarithms
from robustbench_seg.segmenter.labelling.interpolation import interpolate, on_device, taps
from robustbench_seg.segmenter.labelling.upsampled_rows import STRIP, UpsampledRows
from robustbench_seg.segmenter.labelling.window_logits import WindowLogits


@dataclass(frozen=True, eq=False)
class View:
    """The output of a network for one view of an image.

    Attributes:
        windows: Its logits, or class scores.
        size: Height and width of the view, in pixels, without padding.
        flip: Whether it is mirrored from left to right.
    """

    windows: WindowLogits
    size: tuple[int, int]
    flip: bool


def average(views: Sequence[View], size: tuple[int, int]) -> Tensor:
    """Average the probabilities of views.

    Args:
        views: The views of an image.
        size: Height and width of the image, in pixels.

    Returns:
        float32 KxHxW.
    """
    return torch.cat([means for _, means in _mean_strips(views, size)], 1)


def label_views(views: Sequence[View], size: tuple[int, int]) -> Tensor:
    """Label an image by the average of its views.

    Args:
        views: The views of the image.
        size: Its height and width, in pixels.

    Returns:
        uint8 HxW class indices on the device of the logits.
    """
    rows = [means.argmax(0).to(torch.uint8) for _, means in _mean_strips(views, size)]
    return torch.cat(rows)


def label_views_with_confidence(
    views: Sequence[View], truth: NDArray[np.uint8], temperatures: Sequence[float]
) -> Labelled:
    """Label an image by the average of its views, with confidence.

    Args:
        views: The views of the image.
        truth: uint8 HxW class indices; those from K on are not scored.
        temperatures: Divisors of the logarithms of the averages before a softmax, above 0.

    Returns:
        Labels, and the confidence at each temperature.
    """
    size = (truth.shape[0], truth.shape[1])
    found = ConfidenceStrips(size, temperatures, views[0].windows.logits.device)
    for start, means in _mean_strips(views, size):
        found.add(start, logarithms(means), means.argmax(0), truth)
    return found.labelled()


def _mean_strips(views: Sequence[View], size: tuple[int, int]) -> Iterator[tuple[int, Tensor]]:
    """Average the probabilities of views, STRIP rows at a time.

    Args:
        views: The views of an image.
        size: Height and width of the image, in pixels.

    Yields:
        The first row, and float32 KxrowsxW.
    """
    parts = [_Probabilities(view, size) for view in views]
    for start in range(0, size[0], STRIP):
        stop = min(start + STRIP, size[0])
        total = parts[0](start, stop)
        for part in parts[1:]:
            total += part(start, stop)
        yield start, total / len(parts)


class _Probabilities:
    """Some rows of the probabilities of a view, at the size of the image."""

    def __init__(self, view: View, size: tuple[int, int]) -> None:
        self._view = view
        self._rows = UpsampledRows(view.windows)
        self._scaled = view.size != size
        device = view.windows.logits.device
        self._lines, self._across = (
            on_device(taps(small, large, align_corners=False), device)
            for small, large in zip(view.size, size, strict=True)
        )

    def __call__(self, start: int, stop: int) -> Tensor:
        """Compute the rows from `start` to `stop`, exclusive: float32 KxrowsxW."""
        height, width = self._view.size
        if self._scaled:
            near, weight = (axis[start:stop] for axis in self._lines)
            first, last = int(near[0]), min(int(near[-1]) + 2, height)
            x = self._rows(first, last)[:, :, :width]
            x = interpolate(interpolate(x, self._across, 2), (near - first, weight), 1)
        else:
            x = self._rows(start, stop)[:, :, :width]
        scores = self._view.windows.output == "scores"
        x = x / x.sum(0) if scores else x.softmax(0)
        return x.flip(2) if self._view.flip else x
