"""Fog: a fractal cloud, and its addition to an image.

The cloud is diamond-square noise on a torus. Each level doubles N x N heights, the corners, to 2N x
2N: first the heights between four corners, then those between two horizontal or vertical
neighbours. Each height is the mean of its four neighbours, including those of the same level, plus
wobble times a random number.
"""

import numpy as np

from robustbench_seg.corruption.kernels.arrays import AnyFloats, Image
from robustbench_seg.machine.compiled import compiled


@compiled
def raise_centres(
    corners: AnyFloats, wobble: float, noise: AnyFloats, first: int, out: AnyFloats
) -> None:
    """Set the corners and the heights between four of them; `noise` are for rows from `first`."""
    real = corners.dtype.type
    size, quarter, strength = len(corners), real(0.25), real(wobble)
    for y in range(first, first + len(noise)):
        here, below = corners[y], corners[(y + 1) % size]
        even, odd, chance = out[2 * y], out[2 * y + 1], noise[y - first]
        for x in range(size):
            next_x = x + 1 if x + 1 < size else 0
            mean = ((here[x] + below[x]) + (here[next_x] + below[next_x])) * quarter
            even[2 * x] = here[x]
            odd[2 * x + 1] = mean + strength * chance[x]


@compiled
def raise_tops(
    corners: AnyFloats, wobble: float, noise: AnyFloats, first: int, out: AnyFloats
) -> None:
    """Set the heights between two horizontally adjacent corners."""
    real = corners.dtype.type
    size, quarter, strength = len(corners), real(0.25), real(wobble)
    for y in range(first, first + len(noise)):
        here, chance, even = corners[y], noise[y - first], out[2 * y]
        above, below = out[2 * ((y - 1) % size) + 1], out[2 * y + 1]
        for x in range(size):
            next_x = x + 1 if x + 1 < size else 0
            along = here[x] + here[next_x]
            mean = (below[2 * x + 1] + above[2 * x + 1] + along) * quarter
            even[2 * x + 1] = mean + strength * chance[x]


@compiled
def raise_lefts(
    corners: AnyFloats, wobble: float, noise: AnyFloats, first: int, out: AnyFloats
) -> None:
    """Set the heights between two vertically adjacent corners."""
    real = corners.dtype.type
    size, quarter, strength = len(corners), real(0.25), real(wobble)
    for y in range(first, first + len(noise)):
        here, below, chance = corners[y], corners[(y + 1) % size], noise[y - first]
        odd = out[2 * y + 1]
        for x in range(size):
            before = 2 * x - 1 if x > 0 else 2 * size - 1
            down = here[x] + below[x]
            mean = (odd[2 * x + 1] + odd[before] + down) * quarter
            odd[2 * x] = mean + strength * chance[x]


@compiled
def add_fog(
    image: Image,
    heights: AnyFloats,
    low: np.floating,
    span: np.floating,
    density: float,
    brightest: float,
    out: Image,
) -> None:
    """Add density * (heights - low) / span, then scale back to the brightest intensity.

    Computes in the precision of `heights`; the image uses their top left part. No result is above
    `brightest`, so no clipping is needed.
    """
    real = heights.dtype.type
    levels = np.empty(256, heights.dtype)
    for level in range(256):
        levels[level] = level / 255.0
    dense = real(density)
    bright, total, white = real(brightest), real(brightest + density), real(255)
    rows, columns, _ = image.shape
    cloud, foggy = np.empty(columns, heights.dtype), np.empty((columns, 3), heights.dtype)
    for y in range(rows):
        for x in range(columns):
            cloud[x] = dense * ((heights[y, x] - low) / span)
        for x in range(columns):
            for c in range(3):
                foggy[x, c] = levels[image[y, x, c]] + cloud[x]
        flat, row = foggy.reshape(-1), out[y].reshape(-1)
        for i in range(3 * columns):
            row[i] = np.uint8(np.int32(flat[i] * bright / total * white))
