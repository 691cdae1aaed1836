"""Snow: noise enlarged to flakes, and flakes laid over an image."""

import numpy as np

from robustbench_seg.corruption.kernels.arrays import LEVELS, AnyFloats, Floats, Image, Singles
from robustbench_seg.machine.compiled import compiled


@compiled
def enlarge(source: AnyFloats, threshold: float, out: Floats) -> None:
    """Stretch a plane bilinearly onto the grid of `out`, then clip to 1; 0 below `threshold`.

    Corners onto corners, as scipy.ndimage.zoom does it: where the last row or column lands beyond
    the source by a rounding error, it is 0 there as well.
    """
    rows, columns = source.shape
    height, width = out.shape
    step_y = (rows - 1) / (height - 1) if height > 1 else 0.0
    step_x = (columns - 1) / (width - 1) if width > 1 else 0.0
    upper, lower = np.empty(columns), np.empty(columns)
    for y in range(height):
        at_y = y * step_y
        top = int(at_y)
        share = 1 - (at_y - top)
        bottom = min(top + 1, rows - 1)
        if at_y > rows - 1:
            out[y] = 0
            continue
        for i in range(columns):
            upper[i] = source[top, i] * share
            lower[i] = source[bottom, i] * (1 - share)
        for x in range(width):
            at_x = x * step_x
            left = int(at_x)
            near = 1 - (at_x - left)
            far = 1 - near
            right = min(left + 1, columns - 1)
            value = (
                upper[left] * near + upper[right] * far + lower[left] * near + lower[right] * far
            )
            if at_x > columns - 1 or value < threshold:
                value = 0.0
            out[y, x] = min(value, 1.0)


@compiled
def add_snow(
    image: Singles, gray: Singles, flakes: Image, turned: Image, keep: float, out: Image
) -> None:
    """Whiten `image` (0..1) by its H x W `gray`, add `flakes` and, upside down, `turned`."""
    height, width, _ = image.shape
    kept, added = np.float32(keep), np.float32(1 - keep)
    for y in range(height):
        for x in range(width):
            flake = LEVELS[flakes[y, x]]
            other = LEVELS[turned[height - 1 - y, width - 1 - x]]
            white = gray[y, x] * np.float32(1.5) + np.float32(0.5)
            for c in range(3):
                whitened = kept * image[y, x, c] + added * max(image[y, x, c], white)
                out[y, x, c] = np.uint8(min(max(whitened + flake + other, 0.0), 1.0) * 255)
