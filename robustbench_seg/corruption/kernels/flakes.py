"""Snow: noise enlarged to flakes, and the addition of flakes to an image."""

import numpy as np

from robustbench_seg.corruption.kernels.arrays import INTENSITIES, AnyFloats, Floats, Image, Singles
from robustbench_seg.machine.compiled import compiled


@compiled
def enlarge(source: AnyFloats, threshold: float, first: int, last: int, out: Floats) -> None:
    """Stretch a plane bilinearly onto the grid of `out`, then clip to 1; 0 below `threshold`.

    Corners are mapped to corners, as in scipy.ndimage.zoom: if the last row or column is outside
    the source by a rounding error, it is 0, as in SciPy. Rows `first` to `last` are written.
    """
    rows, columns = source.shape
    height, width = out.shape
    step_y = (rows - 1) / (height - 1) if height > 1 else 0.0
    step_x = (columns - 1) / (width - 1) if width > 1 else 0.0
    lefts, nears = np.empty(width, np.uint64), np.empty(width, np.float64)
    for x in range(width):
        lefts[x] = int(x * step_x)
        nears[x] = 1 - (x * step_x - lefts[x])
    # An extra column gives the last one a right neighbour, whose weight is 0.
    upper, lower = np.zeros(columns + 1), np.zeros(columns + 1)
    for y in range(first, last):
        at_y = y * step_y
        top = int(at_y)
        share = 1 - (at_y - top)
        bottom = min(top + 1, rows - 1)
        row = out[y]
        if at_y > rows - 1:
            row[:] = 0
            continue
        for i in range(columns):
            upper[i] = source[top, i] * share
            lower[i] = source[bottom, i] * (1 - share)
        upper[columns], lower[columns] = upper[columns - 1], lower[columns - 1]
        for x in range(width):
            left, near = lefts[x], nears[x]
            far = 1 - near
            row[x] = (
                upper[left] * near
                + upper[left + 1] * far
                + lower[left] * near
                + lower[left + 1] * far
            )
        for x in range(width):
            row[x] = min(row[x], 1.0) if row[x] >= threshold else 0.0
        if (width - 1) * step_x > columns - 1:
            row[width - 1] = 0


@compiled
def add_snow(
    image: Singles, gray: Singles, flakes: Image, turned: Image, keep: float, out: Image
) -> None:
    """Whiten `image` (0..1) by its H x W `gray`, add `flakes` and, turned by 180 degrees, `turned`.

    Both may have more than W columns; the others are ignored.
    """
    height, width, _ = image.shape
    kept, added = np.float32(keep), np.float32(1 - keep)
    # Separate loops over pixels and over their samples, so that both can be vectorised.
    first, second = np.empty(width, np.float64), np.empty(width, np.float64)
    firsts, seconds = np.empty((width, 3), np.float64), np.empty((width, 3), np.float64)
    whites = np.empty((width, 3), np.float32)
    for y in range(height):
        for x in range(width):
            first[x] = INTENSITIES[flakes[y, x]]
        for x in range(width):
            second[x] = INTENSITIES[turned[height - 1 - y, width - 1 - x]]
        for x in range(width):
            firsts[x, 0] = firsts[x, 1] = firsts[x, 2] = first[x]
            seconds[x, 0] = seconds[x, 1] = seconds[x, 2] = second[x]
        for x in range(width):
            white = gray[y, x] * np.float32(1.5) + np.float32(0.5)
            whites[x, 0] = whites[x, 1] = whites[x, 2] = white
        pixels, row = image[y].reshape(-1), out[y].reshape(-1)
        white, a, b = whites.reshape(-1), firsts.reshape(-1), seconds.reshape(-1)
        for i in range(3 * width):
            whitened = kept * pixels[i] + added * max(pixels[i], white[i])
            row[i] = np.uint8(np.int32(min(max(whitened + a[i] + b[i], 0.0), 1.0) * 255))
