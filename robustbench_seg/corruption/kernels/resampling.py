"""Zoom and elastic transform: images interpolated between their pixels, as in scipy.ndimage."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruption.kernels.arrays import Image, Singles
from robustbench_seg.machine.compiled import compiled

INTENSITIES = (np.arange(256, dtype=np.float32) / np.float32(255)).astype(np.float64)


@compiled
def mean_of_zooms(
    image: Singles,
    vertical: NDArray[np.int64],
    horizontal: NDArray[np.int64],
    first: int,
    last: int,
    out: Image,
) -> None:
    """Average H x W x 3 `image` (0..1) with bilinearly enlarged crops of it, and truncate.

    Row i of `vertical` and `horizontal` (N x 3) is the start of a crop, its length, and its length
    after enlarging; parts beyond H and W are ignored. If the last row or column is outside the crop
    by a rounding error, it is 0 as in scipy.ndimage.zoom. Rows `first` to `last` of `out` are
    written.
    """
    _, width, _ = image.shape
    count = len(vertical)
    lefts = np.empty((count, width), np.int64)
    rights = np.empty((count, width), np.int64)
    nears = np.empty((count, width), np.float64)
    fars = np.empty((count, width), np.float64)
    seen = np.zeros(count, np.int64)
    for i in range(count):
        start, length, stretched = horizontal[i]
        pace = (length - 1) / (stretched - 1)
        for x in range(width):
            at = x * pace
            if at > length - 1:
                break
            left = int(at)
            lefts[i, x] = (start + left) * 3
            rights[i, x] = (start + min(left + 1, length - 1)) * 3
            nears[i, x] = 1 - (at - left)
            fars[i, x] = 1 - nears[i, x]
            seen[i] = x + 1
    size = width * 3
    total = np.empty(size, np.float32)
    above = np.empty(size, np.float64)
    below = np.empty(size, np.float64)
    for y in range(first, last):
        total[:] = 0
        for i in range(count):
            start, length, stretched = vertical[i]
            at = y * ((length - 1) / (stretched - 1))
            if at > length - 1:
                continue
            top = int(at)
            upper = 1 - (at - top)
            lower = 1 - upper
            upper_row = image[start + top].reshape(size)
            lower_row = image[start + min(top + 1, length - 1)].reshape(size)
            for j in range(size):
                above[j] = upper_row[j] * upper
                below[j] = lower_row[j] * lower
            for x in range(seen[i]):
                left, right = lefts[i, x], rights[i, x]
                near, far = nears[i, x], fars[i, x]
                for c in range(3):
                    value = above[left + c] * near + above[right + c] * far
                    value = value + below[left + c] * near + below[right + c] * far
                    total[3 * x + c] += np.float32(value)
        own = image[y].reshape(size)
        row = out[y].reshape(size)
        for j in range(size):
            mean = (own[j] + total[j]) / np.float32(count + 1)
            row[j] = np.uint8(min(max(mean, np.float32(0)), np.float32(1)) * np.float32(255))


@compiled
def _mirrored(at: Any, length: int) -> Any:
    """Map a place to a line that is mirrored at both ends: d c b a | a b c d | d c b a."""
    period = 2 * length
    if at < 0:
        if at < -period:
            at += period * int(-at / period)
        at = at + period if at < -length else -at - 1
    elif at > length - 1:
        at -= period * int(at / period)
        if at >= length:
            at = period - at - 1
    return at


@compiled
def displace(
    image: Image, down: Singles, right: Singles, first: int, last: int, out: Image
) -> None:
    """out[y, x] = H x W x 3 `image`, linear between pixels, at y + down[y, x], x + right[y, x].

    Rows `first` to `last` of `out` are written.
    """
    height, width, _ = image.shape
    for y in range(first, last):
        for x in range(width):
            at_y = _mirrored(y + np.float64(down[y, x]), height)
            at_x = _mirrored(x + np.float64(right[y, x]), width)
            floor_y, floor_x = np.floor(at_y), np.floor(at_x)
            upper = 1 - (at_y - floor_y)
            lower = 1 - upper
            near = 1 - (at_x - floor_x)
            far = 1 - near
            # Between -1 and 0, or beyond the last pixel, both neighbours are the edge.
            top, left = max(int(floor_y), 0), max(int(floor_x), 0)
            bottom = min(int(floor_y) + 1, height - 1)
            next_x = min(int(floor_x) + 1, width - 1)
            for c in range(3):
                value = np.float32(
                    INTENSITIES[image[top, left, c]] * upper * near
                    + INTENSITIES[image[top, next_x, c]] * upper * far
                    + INTENSITIES[image[bottom, left, c]] * lower * near
                    + INTENSITIES[image[bottom, next_x, c]] * lower * far
                )
                out[y, x, c] = np.uint8(
                    min(max(value, np.float32(0)), np.float32(1)) * np.float32(255)
                )
