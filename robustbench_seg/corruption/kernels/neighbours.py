"""The swap of pixels of glass blur."""

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruption.kernels.arrays import Image
from robustbench_seg.machine.compiled import compiled

Packed = NDArray[np.uint32]


@compiled
def pack(image: Image, out: Packed) -> None:
    """H x W x 3 -> H x W, one pixel per word, so that pixels are copied fast."""
    height, width, _ = image.shape
    for y in range(height):
        for x in range(width):
            red, green, blue = image[y, x, 0], image[y, x, 1], image[y, x, 2]
            out[y, x] = np.uint32(red) | np.uint32(green) << 8 | np.uint32(blue) << 16


@compiled
def unpack(packed: Packed, out: Image) -> None:
    """The inverse of `pack`."""
    height, width = packed.shape
    for y in range(height):
        for x in range(width):
            pixel = packed[y, x]
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = pixel, pixel >> 8, pixel >> 16


@compiled
def copy_neighbours(
    packed: Packed,
    last: int,
    rows: int,
    distance: int,
    choices: NDArray[np.integer],
    steps: NDArray[np.int64],
) -> None:
    """Replace each pixel by the current value of a neighbour, in place, from the right and upwards.

    Scans `rows` rows of H x W `packed` from row `last`, except for `distance` pixels at both ends.
    The neighbour of the n-th pixel is `steps[choices[n]]` pixels away.
    """
    _, width = packed.shape
    pixels = packed.reshape(-1)
    n = 0
    for y in range(last, last - rows, -1):
        for x in range(width - distance, distance, -1):
            here = y * width + x
            pixels[here] = pixels[here + steps[choices[n]]]
            n += 1
