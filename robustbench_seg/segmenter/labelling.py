"""From the logits of windows at a network's resolution straight to the labels of an image.

Upsampling, averaging where windows overlap, and argmax are one pass in strips of rows; the
K x H x W array of upsampled logits never exists. Bilinear interpolation is a weighted mean, so
the class that has the largest of the four logits around a pixel each time has it at the pixel,
too: on the CPU only the others are computed.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise, starmap

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_seg.segmenter.view import View

STRIP = 64
"""Rows of an image that are upsampled at once on a GPU."""

Taps = tuple[NDArray[np.uint32], NDArray[np.float32]]
"""Where the pixels of an axis lie between logits (see `taps`)."""


def label(view: View) -> Tensor:
    """Label an image: upsample logits bilinearly, average windows, and take the argmax.

    On the CPU the labels equal, to the bit, those of F.interpolate on contiguous logits, a sum in
    the order of the windows, and argmax. This holds for logits of more than 128 rows and columns
    together; below that torch rounds differently.

    Args:
        view: The logits of at most 255 classes. Together the windows cover the image.

    Returns:
        uint8 HxW class indices on the device of the logits.
    """
    return _by_loops(view) if view.logits.device.type == "cpu" else by_strips(view)


def window_taps(view: View) -> tuple[Taps, Taps]:
    """Compute where the rows and the columns of a window lie between its logits."""
    height, width = view.window
    return (
        taps(view.logits.shape[2], height, view.align_corners),
        taps(view.logits.shape[3], width, view.align_corners),
    )


def taps(small: int, large: int, align_corners: bool) -> Taps:
    """Compute where the pixels of a long axis lie on a short one.

    Args:
        small: Length of the short axis, in logits.
        large: Length of the long axis, in pixels.
        align_corners: Whether the end points of the two axes coincide.

    Returns:
        For each pixel, the uint32 index before it, and the float32 weight, in 0..1, of the index
        after it. The weights are those of torch, which rounds position x scale - 1/2 once.

    >>> taps(2, 4, False)
    (array([0, 0, 0, 1], dtype=uint32), array([0.  , 0.25, 0.75, 0.25], dtype=float32))
    """
    pixels = np.arange(large, dtype=np.float64)
    if align_corners:
        scale = np.float32(small - 1) / np.float32(max(large - 1, 1))
        place = (pixels * scale).astype(np.float32)
    else:
        scale = np.float32(small) / np.float32(large)
        place = np.maximum((pixels + 0.5) * np.float64(scale) - 0.5, 0).astype(np.float32)
    index = np.minimum(place.astype(np.uint32), np.uint32(small - 1))
    return index, np.clip(place - index.astype(np.float32), 0, 1)


def _by_loops(view: View) -> Tensor:
    """Compiled loops over strips of rows, one for each of torch's threads."""
    from robustbench_seg.segmenter.kernels import agree, label_rows, winners

    size, (rows, columns) = view.size, window_taps(view)
    values = view.logits.contiguous().numpy()
    sure = np.empty((len(values), *values.shape[2:]), np.uint8)
    places = np.array(view.corners, np.int64)
    out = np.empty(size, np.uint8)
    threads = torch.get_num_threads()
    bands, strips = cuts(values.shape[2], threads), cuts(size[0], threads)
    with ThreadPoolExecutor(threads) as pool:
        jobs = [
            pool.submit(winners, values[i, :, band], sure[i, band])
            for i in range(len(values))
            for band in starmap(slice, bands)
        ]
        for job in jobs:
            job.result()
        for window_labels in sure:
            agree(window_labels)
        jobs = [
            pool.submit(label_rows, values, sure, places, rows, columns, start, out[start:stop])
            for start, stop in strips
        ]
        for job in jobs:
            job.result()
    return torch.from_numpy(out)


def cuts(length: int, parts: int) -> list[tuple[int, int]]:
    """Cut an axis into nearly equal parts.

    Args:
        length: Length of the axis.
        parts: Number of parts.

    Returns:
        Start and end of each part, the end exclusive.
    """
    ends = [length * part // parts for part in range(parts + 1)]
    return list(pairwise(ends))


def by_strips(view: View) -> Tensor:
    """Label an image with torch on any device, STRIP rows at a time.

    Sums round differently from those of the compiled loops.

    Args:
        view: The logits.

    Returns:
        uint8 HxW class indices on the device of the logits.
    """
    out = torch.empty(view.size, dtype=torch.uint8, device=view.logits.device)
    for start, means in strips(view):
        out[start : start + means.shape[1]] = means.argmax(0)
    return out


def strips(view: View) -> Iterator[tuple[int, Tensor]]:
    """Upsample logits and average windows with torch on any device, STRIP rows at a time.

    Args:
        view: The logits.

    Yields:
        The first row, and float32 KxrowsxW.
    """
    rows = Rows(view)
    for start in range(0, view.size[0], STRIP):
        yield start, rows(start, min(start + STRIP, view.size[0]))


class Rows:
    """Some rows of the logits of an image, upsampled and averaged where windows overlap."""

    def __init__(self, view: View) -> None:
        """Compute where the pixels lie between the logits.

        Args:
            view: The logits.
        """
        self._view = view
        rows, columns = window_taps(view)
        self._rows = rows
        self._lines, self._across = (moved(axis, view.logits.device) for axis in (rows, columns))

    def __call__(self, start: int, stop: int) -> Tensor:
        """Compute the rows from `start` to `stop`, exclusive.

        Returns:
            float32 KxrowsxW.
        """
        logits, wide = self._view.logits, self._view.window[1]
        total = logits.new_zeros(logits.shape[1], stop - start, self._view.size[1])
        count = logits.new_zeros(stop - start, self._view.size[1])
        for values, (top, left) in zip(logits, self._view.corners, strict=True):
            first, last = max(start, top), min(stop, top + self._view.window[0])
            if first < last:
                here = slice(first - top, last - top)
                begin, end = int(self._rows[0][here][0]), int(self._rows[0][here][-1]) + 2
                local = self._lines[0][here] - begin, self._lines[1][here]
                x = between(between(values[:, begin:end], self._across, 2), local, 1)
                place = slice(first - start, last - start), slice(left, left + wide)
                total[:, *place] += x
                count[place] += 1
        return total / count


def moved(axis: Taps, device: torch.device) -> tuple[Tensor, Tensor]:
    """Move taps to a device, in the type that index_select wants."""
    index, weight = axis
    return torch.from_numpy(index.astype(np.int64)).to(device), torch.from_numpy(weight).to(device)


def between(x: Tensor, taps: tuple[Tensor, Tensor], axis: int) -> Tensor:
    """Interpolate along an axis of three.

    Args:
        x: Float, three axes.
        taps: Where the new pixels lie between the old ones (see `moved`).
        axis: The axis.

    Returns:
        Float, with as many pixels along the axis as there are taps.
    """
    near, weight = taps
    far = (near + 1).clamp(max=x.shape[axis] - 1)
    weight = weight.reshape([-1 if axis == i else 1 for i in range(3)])
    return x.index_select(axis, near) * (1 - weight) + x.index_select(axis, far) * weight
