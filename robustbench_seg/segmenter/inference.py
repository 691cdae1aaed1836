"""Runs a network on a normalised image, whole or with a sliding window.

SegFormer scores Cityscapes with 1024x1024 windows every 768 pixels, logits averaged where windows
overlap (paper, Sec. 4.1 and the released configurations); most other models take the whole image.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_seg.segmenter.view import View

INFERENCE_LAW = 1
"""Increment when windows, upsampling or labels change for the same logits."""

WINDOW = (1024, 768)
"""SegFormer's own window and stride on Cityscapes, in pixels."""

Network = Callable[[Tensor], Tensor]


def whole(network: Network, image: Tensor, align_corners: bool = False) -> View:
    """Run a network on the whole image at once.

    Args:
        network: A callable that maps normalised float 1x3xHxW to logits 1xKxhxw.
        image: Float 1x3xHxW, normalised.
        align_corners: How logits are upsampled.

    Returns:
        The view, with one window.
    """
    height, width = image.shape[2:]
    size = (height, width)
    return View(network(image).float(), ((0, 0),), size, size, align_corners)


def slide(
    network: Network,
    image: Tensor,
    crop: int,
    stride: int,
    align_corners: bool = False,
    batch: "Batch | None" = None,
) -> View:
    """Run a network on overlapping `crop` x `crop` windows every `stride` pixels.

    The last window of a row or column is moved back inside the image. An image smaller than the
    window stays as it is.

    Args:
        network: A callable that maps normalised float Nx3xHxW to logits NxKxhxw.
        image: Float 1x3xHxW, normalised.
        crop: Side of a window, in pixels.
        stride: Distance between windows, in pixels.
        align_corners: How logits are upsampled.
        batch: Number of windows at once. None: one.

    Returns:
        The view.

    Raises:
        torch.OutOfMemoryError: The device has too little memory for one window.
    """
    height, width = image.shape[2:]
    corners = window_corners(height, width, crop, stride)
    window = (min(crop, height), min(crop, width))
    logits = in_batches(network, windows(image, crop, stride), batch or Batch(1))
    return View(logits, corners, window, (height, width), align_corners)


def windows(image: Tensor, crop: int, stride: int) -> list[Tensor]:
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
        most: The largest number. It is halved where the device's memory is short.
    """

    most: int


def in_batches(network: Network, crops: Sequence[Tensor], batch: Batch) -> Tensor:
    """Compute the logits of all crops, at most `batch.most` at once.

    Where the device's memory does not suffice, the function halves `batch.most`. The lower number
    also holds for later images, because the caller keeps `batch`.

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


def to_tensor(image: NDArray[np.uint8], mean: Tensor, std: Tensor) -> Tensor:
    """Normalise an image: (rgb / 255 - mean) / std.

    Args:
        image: uint8 HxWx3 RGB.
        mean: Mean of RGB in 0..1, 1x3x1x1.
        std: Standard deviation of RGB in 0..1, 1x3x1x1.

    Returns:
        float32 1x3xHxW on the device of `mean`.
    """
    # torch takes no flipped views, such as cv2.imread(file)[..., ::-1].
    pixels = torch.as_tensor(np.ascontiguousarray(image), device=mean.device)
    pixels = pixels.permute(2, 0, 1).unsqueeze(0)
    return (pixels.float() / 255 - mean) / std


class Normaliser:
    """`to_tensor` for many images.

    On a CPU it looks the value of each byte up in a table, which takes a fifth of the time.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float], device: torch.device) -> None:
        """Prepare the table.

        Args:
            mean: Mean of RGB in 0..1.
            std: Standard deviation of RGB in 0..1.
            device: Device of the result.
        """
        shape = (1, 3, 1, 1)
        self._mean = torch.tensor(mean, device=device).reshape(shape)
        self._std = torch.tensor(std, device=device).reshape(shape)
        self._table = None
        if device.type == "cpu":
            levels = np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 3, axis=2)
            values = to_tensor(levels, self._mean, self._std)[0].permute(1, 2, 0)
            self._table = np.ascontiguousarray(values.numpy())

    def __call__(self, image: NDArray[np.uint8]) -> Tensor:
        """Normalise an image.

        Args:
            image: uint8 HxWx3 RGB.

        Returns:
            float32 1x3xHxW. On a CPU its memory has the order of the image's.
        """
        if self._table is None:
            return to_tensor(image, self._mean, self._std)
        values = torch.from_numpy(cv2.LUT(image, self._table))
        return values.permute(2, 0, 1).unsqueeze(0)

    def floats(self, rgb: Tensor) -> Tensor:
        """Normalise an image that is not rounded to 8 bits.

        Args:
            rgb: float32 1x3xHxW RGB in 0..1, on the device of the result.

        Returns:
            float32 1x3xHxW.
        """
        return (rgb - self._mean) / self._std
