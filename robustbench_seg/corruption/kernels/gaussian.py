"""The Gaussian filter, in the order of sums of scipy.ndimage."""

import numpy as np

from robustbench_seg.corruption.kernels.arrays import ONE, ZERO, AnyFloats, Floats, Image, Singles
from robustbench_seg.corruption.kernels.spans import BLOCK, next_span, settle
from robustbench_seg.machine.compiled import compiled


@compiled
def gaussian_levels(
    image: Image,
    weights: Floats,
    weights32: Singles,
    margin: float,
    first: int,
    last: int,
    out: Image,
) -> None:
    """Filter H x W x C `image` and truncate to whole levels; edges are repeated.

    `weights` is the right half of the symmetric kernel, its centre first, `weights32` the same in
    single precision, and `margin` bounds its error, in levels. Rows `first` to `last` of `out` are
    written.
    """
    height, width, channels = image.shape
    radius = len(weights) - 1
    rows = 2 * radius + 1
    size, pad = width * channels, radius * channels
    # Slot y % rows contains row y of the image as levels, and as intensities where levels may round
    # differently.
    singles = np.empty((rows, size), np.float32)
    doubles = np.empty((rows, size), np.float64)
    held = np.full(rows, -1)
    line32 = np.empty(size + 2 * pad, np.float32)
    line = np.empty(size + 2 * pad, np.float64)
    approximate = np.empty(size, np.float32)
    exact = np.empty(size, np.float64)
    loaded = max(first - radius, 0)
    for y in range(first, last):
        while loaded <= min(y + radius, height - 1):
            levels, near = image[loaded].reshape(size), singles[loaded % rows]
            for i in range(size):
                near[i] = np.float32(levels[i])
            loaded += 1
        _down(singles, weights32, y, height, ZERO, size, line32)
        _along(line32, weights32, ZERO, size, size, channels, approximate)
        row = out[y].reshape(size)
        for start in range(0, width, BLOCK):
            end = min(start + BLOCK, width)
            a, b = start * channels, end * channels
            if settle(approximate[a:b], margin, row[a:b]) == 0:
                continue
            for other in range(max(y - radius, 0), min(y + radius, height - 1) + 1):
                if held[other % rows] != other:
                    held[other % rows] = other
                    levels, intensities = image[other].reshape(size), doubles[other % rows]
                    for i in range(size):
                        intensities[i] = levels[i] / 255.0
            begin, stop = next_span(approximate, margin, start, end, channels)
            while begin < stop:
                a, b = begin * channels, stop * channels
                _down(doubles, weights, y, height, max(a - pad, 0), min(b + pad, size), line)
                _along(line, weights, a, b, size, channels, exact)
                for i in range(a, b):
                    row[i] = np.uint8(min(exact[i], 1.0) * 255)
                begin, stop = next_span(approximate, margin, stop, end, channels)


@compiled
def gaussian_plane(
    plane: AnyFloats, weights: AnyFloats, single: bool, first: int, last: int, out: AnyFloats
) -> None:
    """Filter an H x W plane in the precision of `out` and `weights`; edges are repeated.

    If `single`, the values between the two axes are rounded to float32, as SciPy does for a
    float32 image. Rows `first` to `last` of `out` are written.
    """
    height, width = plane.shape
    line = np.empty(width + 2 * (len(weights) - 1), out.dtype)
    for y in range(first, last):
        _down(plane, weights, y, height, ZERO, width, line)
        if single:
            for i in range(len(line)):
                line[i] = np.float32(line[i])
        _along(line, weights, ZERO, width, width, ONE, out[y])


@compiled
def _down(
    ring: AnyFloats,
    weights: AnyFloats,
    y: int,
    height: int,
    first: int,
    last: int,
    line: AnyFloats,
) -> None:
    """Filter samples `first` to `last` of row `y` along the columns, into the middle of `line`.

    Slot y % rows of `ring` contains row y.
    """
    rows, size = ring.shape
    radius = len(weights) - 1
    pad = (len(line) - size) // 2
    out = line[pad + first : pad + last]
    n = last - first
    here = ring[y % rows, first:last]
    for i in range(n):
        out[i] = here[i] * weights[0]
    # Two distances at once need half the loads and stores of `out` and keep the order of sums.
    for k in range(radius, 1, -2):
        a = ring[max(y - k, 0) % rows, first:last]
        b = ring[min(y + k, height - 1) % rows, first:last]
        c = ring[max(y - k + 1, 0) % rows, first:last]
        d = ring[min(y + k - 1, height - 1) % rows, first:last]
        far, near = weights[k], weights[k - 1]
        for i in range(n):
            out[i] = out[i] + (a[i] + b[i]) * far + (c[i] + d[i]) * near
    if radius % 2:
        a = ring[max(y - 1, 0) % rows, first:last]
        b = ring[min(y + 1, height - 1) % rows, first:last]
        for i in range(n):
            out[i] += (a[i] + b[i]) * weights[1]


@compiled
def _along(
    line: AnyFloats,
    weights: AnyFloats,
    first: int,
    last: int,
    size: int,
    channels: int,
    row: AnyFloats,
) -> None:
    """Samples `first` to `last` of the middle of `line`, filtered along the row."""
    radius = len(weights) - 1
    pad = radius * channels
    for i in range(first - pad, 0):
        line[pad + i] = line[pad + i % channels]
    for i in range(size, last + pad):
        line[pad + i] = line[pad + size - channels + i % channels]
    out = row[first:last]
    n = last - first
    start = pad + first
    here = line[start : start + n]
    for i in range(n):
        out[i] = here[i] * weights[0]
    for k in range(radius, 1, -2):
        low, high = start - k * channels, start + k * channels
        a, b = line[low : low + n], line[high : high + n]
        low, high = low + channels, high - channels
        c, d = line[low : low + n], line[high : high + n]
        far, near = weights[k], weights[k - 1]
        for i in range(n):
            out[i] = out[i] + (a[i] + b[i]) * far + (c[i] + d[i]) * near
    if radius % 2:
        a = line[start - channels : start - channels + n]
        b = line[start + channels : start + channels + n]
        for i in range(n):
            out[i] += (a[i] + b[i]) * weights[1]
