"""A normalised image through a network: whole, or as a sliding window; to logits or labels.

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
from torch.nn import functional as F

from robustbench_seg.segmenter.labelling import label

INFERENCE_LAW = 1
"""Raised whenever windows, upsampling or labels come out otherwise for the same logits."""

WINDOW = (1024, 768)
"""SegFormer's own window and stride on Cityscapes, in pixels."""

Network = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class View:
    """What a network says of an image, at its own resolution.

    logits:  float32 NxKxhxw of N windows; the whole image is one
    corners: top and left of each window
    window:  height and width of each
    size:    height and width of the image
    align_corners: how logits are to be upsampled
    """

    logits: Tensor
    corners: tuple[tuple[int, int], ...]
    window: tuple[int, int]
    size: tuple[int, int]
    align_corners: bool = False

    def upsampled(self) -> Tensor:
        """Logits 1xKxHxW: each window upsampled bilinearly, averaged where windows overlap."""
        total = self.logits.new_zeros((1, self.logits.shape[1], *self.size))
        count = self.logits.new_zeros((1, 1, *self.size))
        height, width = self.window
        for logits, (top, left) in zip(self.logits, self.corners, strict=True):
            here = (..., slice(top, top + height), slice(left, left + width))
            # Of contiguous logits: torch rounds otherwise for other layouts.
            total[here] += F.interpolate(
                logits[None].contiguous(),
                self.window,
                mode="bilinear",
                align_corners=self.align_corners,
            )
            count[here] += 1
        return total / count

    def labels(self) -> Tensor:
        """Their argmax, uint8 HxW, without the upsampled logits ever being there."""
        return label(
            self.logits, self.corners, self.window, self.size, align_corners=self.align_corners
        )


def whole(network: Network, image: Tensor, align_corners: bool = False) -> View:
    """See the whole image at once.

    network: float 1x3xHxW, normalised -> logits 1xKxhxw
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
    """See an image through overlapping `crop` x `crop` windows every `stride` pixels.

    The last window of a row or column is moved back inside the image; an image smaller than the
    window is taken as it is. Windows go through the network (as in `whole`) in batches as large
    as `batch` says, by default one by one.
    """
    height, width = image.shape[2:]
    rows, columns = (
        list(window_spans(height, crop, stride)),
        list(window_spans(width, crop, stride)),
    )
    crops = [image[:, :, top:bottom, left:right] for top, bottom in rows for left, right in columns]
    corners = tuple((top, left) for top, _ in rows for left, _ in columns)
    window = (min(crop, height), min(crop, width))
    logits = in_batches(network, crops, batch or Batch(1))
    return View(logits, corners, window, (height, width), align_corners)


@dataclass
class Batch:
    """How many windows a device is given at once: `most`, halved where its memory is short."""

    most: int


def in_batches(network: Network, crops: Sequence[Tensor], batch: Batch) -> Tensor:
    """The float32 logits of all crops, each 1x3xhxw, at most `batch.most` at once.

    Where the device's memory does not suffice, it is half as many from then on: also for later
    images, for which `batch` is kept. Raises torch.OutOfMemoryError if not even one fits.
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
    """Starts and ends of the windows along one axis.

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
    """uint8 HxWx3 RGB array -> float32 1x3xHxW on `mean`'s device: (rgb / 255 - mean) / std."""
    # torch takes no flipped views, such as cv2.imread(file)[..., ::-1].
    pixels = torch.as_tensor(np.ascontiguousarray(image), device=mean.device)
    pixels = pixels.permute(2, 0, 1).unsqueeze(0)
    return (pixels.float() / 255 - mean) / std


class Normaliser:
    """to_tensor of many images; on a CPU each byte's value is looked up, in a fifth of the time."""

    def __init__(self, mean: Sequence[float], std: Sequence[float], device: torch.device) -> None:
        shape = (1, 3, 1, 1)
        self._mean = torch.tensor(mean, device=device).reshape(shape)
        self._std = torch.tensor(std, device=device).reshape(shape)
        self._table = None
        if device.type == "cpu":
            levels = np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 3, axis=2)
            values = to_tensor(levels, self._mean, self._std)[0].permute(1, 2, 0)
            self._table = np.ascontiguousarray(values.numpy())

    def __call__(self, image: NDArray[np.uint8]) -> Tensor:
        """uint8 HxWx3 RGB -> float32 1x3xHxW, its memory in the order of the image's."""
        if self._table is None:
            return to_tensor(image, self._mean, self._std)
        values = torch.from_numpy(cv2.LUT(image, self._table))
        return values.permute(2, 0, 1).unsqueeze(0)
