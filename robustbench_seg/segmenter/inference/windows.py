"""Runs a network on a normalised image, whole or in overlapping windows.

SegFormer scores Cityscapes with 1024x1024 windows every 768 pixels and averages logits where
windows overlap (paper, Sec. 4.1 and the released configurations); most other models take the whole
image.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from robustbench_seg.segmenter.labelling.window_logits import WindowLogits

INFERENCE_LAW = 1
"""Increment when windows, upsampling or labels change for the same logits."""

WINDOW = (1024, 768)
"""SegFormer's own window and stride on Cityscapes, in pixels."""

Network = Callable[[Tensor], Tensor]


def whole(network: Network, image: Tensor, *, align_corners: bool = False) -> WindowLogits:
    """Run a network on the whole image at once.

    Args:
        network: A callable that maps normalised float 1x3xHxW to logits 1xKxhxw.
        image: Float 1x3xHxW, normalised.
        align_corners: Whether logits are upsampled with aligned corners.

    Returns:
        The logits of one window.
    """
    height, width = image.shape[2:]
    size = (height, width)
    return WindowLogits(network(image).float(), ((0, 0),), size, size, align_corners)


def slide(
    network: Network,
    image: Tensor,
    crop: int,
    stride: int,
    *,
    align_corners: bool = False,
    batch: "Batch | None" = None,
) -> WindowLogits:
    """Run a network on overlapping `crop` x `crop` windows every `stride` pixels.

    The last window of a row or column is moved back inside the image. An image that is smaller than
    the window is not cut.

    Args:
        network: A callable that maps normalised float Nx3xHxW to logits NxKxhxw.
        image: Float 1x3xHxW, normalised.
        crop: Side of a window, in pixels.
        stride: Distance between windows, in pixels.
        align_corners: Whether logits are upsampled with aligned corners.
        batch: Number of windows at once. None: one.

    Returns:
        The logits of the windows.

    Raises:
        torch.OutOfMemoryError: The device has too little memory for one window.
    """
    height, width = image.shape[2:]
    corners = window_corners(height, width, crop, stride)
    window = (min(crop, height), min(crop, width))
    logits = in_batches(network, cut_windows(image, crop, stride), batch or Batch(1))
    return WindowLogits(logits, corners, window, (height, width), align_corners)


def cut_windows(image: Tensor, crop: int, stride: int) -> list[Tensor]:
    """Cut the windows of `slide` out of an image.

    Args:
        image: Float 1x3xHxW.
        crop: Side of a window, in pixels.
        stride: Distance between windows, in pixels.

    Returns:
        The windows, views of the image, row by row.
    """
    corners = window_corners(image.shape[2], image.shape[3], crop, stride)
    return [image[:, :, top : top + crop, left : left + crop] for top, left in corners]


def window_corners(height: int, width: int, crop: int, stride: int) -> tuple[tuple[int, int], ...]:
    """Compute top and left of each window of an image, in pixels, row by row."""
    rows, columns = window_spans(height, crop, stride), list(window_spans(width, crop, stride))
    return tuple((top, left) for top, _ in rows for left, _ in columns)


@dataclass
class Batch:
    """The number of windows that a device gets at once.

    Attributes:
        most: The largest number. It is halved if the device has too little memory.
    """

    most: int


def in_batches(network: Network, crops: Sequence[Tensor], batch: Batch) -> Tensor:
    """Compute the logits of all crops, at most `batch.most` at once.

    If the device has too little memory, the function halves `batch.most`. The lower number also
    holds for later images, because the caller keeps `batch`.

    Args:
        network: A callable that maps normalised float Nx3xHxW to logits NxKxhxw.
        crops: Float 1x3xHxW each, normalised, all of one size.
        batch: Number of crops at once.

    Returns:
        float32 logits NxKxhxw of the N crops.

    Raises:
        torch.OutOfMemoryError: The device has too little memory for one crop.
    """
    logits: list[Tensor] = []
    done = 0
    while done < len(crops):
        some = crops[done : done + batch.most]
        try:
            logits.append(network(torch.cat(list(some))).float())
        except torch.OutOfMemoryError:
            if len(some) == 1:
                raise
            batch.most = len(some) // 2
        else:
            done += len(some)
    return torch.cat(logits)


def window_spans(length: int, crop: int, stride: int) -> Iterator[tuple[int, int]]:
    """Compute the starts and ends of the windows along one axis.

    Args:
        length: Length of the axis, in pixels.
        crop: Side of a window, in pixels.
        stride: Distance between windows, in pixels.

    Yields:
        Start and end of each window, the end exclusive.

    >>> list(window_spans(2048, 1024, 768))
    [(0, 1024), (768, 1792), (1024, 2048)]
    >>> list(window_spans(500, 1024, 768))
    [(0, 500)]
    """
    steps = max(length - crop + stride - 1, 0) // stride + 1
    for step in range(steps):
        end = min(step * stride + crop, length)
        yield max(end - crop, 0), end
