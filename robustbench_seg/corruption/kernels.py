"""Loops over pixels, compiled by Numba at their first call and kept on disk.

Import this module inside a function: importing Numba takes a while, and most corruptions do
without. Sums run in the order of the libraries they reproduce, so that results agree to the bit.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

LEVELS = np.arange(256) / 255.0

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Image = NDArray[np.uint8]
Function = TypeVar("Function", bound=Callable[..., Any])


def _compiled(function: Function) -> Function:
    return cast(Function, numba.njit(cache=True, nogil=True, error_model="numpy")(function))


@_compiled
def gaussian(source: Floats, weights: Floats, single: bool, out: Floats) -> None:
    """Filter H x W x C `source` along axis 0, then 1, edges repeated, in SciPy's order of sums.

    `weights` is the right half of the symmetric kernel, its centre first. If `single`, the values
    between the two axes are rounded to float32, as SciPy does for a float32 image.
    """
    height, width, channels = source.shape
    radius = len(weights) - 1
    line = np.empty((width + 2 * radius) * channels)
    size = width * channels
    start = radius * channels
    for y in range(height):
        centre = source[y].reshape(size)
        middle = line[start : start + size]
        for i in range(size):
            middle[i] = centre[i] * weights[0]
        for k in range(radius, 0, -1):
            above = source[max(y - k, 0)].reshape(size)
            below = source[min(y + k, height - 1)].reshape(size)
            weight = weights[k]
            for i in range(size):
                middle[i] += (above[i] + below[i]) * weight
        if single:
            for i in range(size):
                middle[i] = np.float32(middle[i])
        for x in range(radius):
            for c in range(channels):
                line[x * channels + c] = line[start + c]
                line[start + size + x * channels + c] = line[start + size - channels + c]
        row = out[y].reshape(size)
        for i in range(size):
            row[i] = middle[i] * weights[0]
        for k in range(radius, 0, -1):
            left = line[start - k * channels : start - k * channels + size]
            right = line[start + k * channels : start + k * channels + size]
            weight = weights[k]
            for i in range(size):
                row[i] += (left[i] + right[i]) * weight


@_compiled
def weighted_shifts(
    source: NDArray[Any],
    weights: Floats,
    down: NDArray[np.int64],
    right: NDArray[np.int64],
    out: Floats,
) -> None:
    """Sum `weights[i]` x (`source` moved by `down[i]`, `right[i]` pixels), edges repeated."""
    height, width, channels = source.shape
    size = width * channels
    for y in range(height):
        row = out[y].reshape(size)
        row[:] = 0
        for i in range(len(weights)):
            line = source[min(max(y - down[i], 0), height - 1)].reshape(size)
            weight = weights[i]
            shift = right[i]
            first = min(max(shift, 0), width)
            last = min(max(width + shift, 0), width)
            for x in range(first):
                for c in range(channels):
                    row[x * channels + c] += weight * line[c]
            here = row[first * channels : last * channels]
            there = line[(first - shift) * channels : (last - shift) * channels]
            for j in range(len(here)):
                here[j] += weight * there[j]
            for x in range(last, width):
                for c in range(channels):
                    row[x * channels + c] += weight * line[size - channels + c]


@_compiled
def copy_neighbours(image: Image, offsets: NDArray[np.integer], distance: int) -> None:
    """In place, from the bottom right: each pixel takes the present value of a neighbour.

    `offsets` is N x 2 (right, down), one row for each pixel in the order of the scan.
    """
    height, width, channels = image.shape
    n = 0
    for y in range(height - distance, distance, -1):
        for x in range(width - distance, distance, -1):
            there_y, there_x = y + offsets[n, 1], x + offsets[n, 0]
            for c in range(channels):
                image[y, x, c] = image[there_y, there_x, c]
            n += 1


@_compiled
def shift_hsv(
    image: Image, saturation_factor: float, saturation_add: float, value_add: float, out: Image
) -> None:
    """RGB -> HSV, S -> clip(S * factor + add), V -> clip(V + add), -> RGB, truncated to uint8."""
    height, width, _ = image.shape
    for y in range(height):
        for x in range(width):
            red = LEVELS[image[y, x, 0]]
            green = LEVELS[image[y, x, 1]]
            blue = LEVELS[image[y, x, 2]]
            value = max(red, green, blue)
            delta = value - min(red, green, blue)
            hue, saturation = 0.0, 0.0
            if delta > 0:
                saturation = delta / value
                # On a tie the later channel counts as the greatest.
                if blue == value:
                    hue = 4.0 + (red - green) / delta
                elif green == value:
                    hue = 2.0 + (blue - red) / delta
                else:
                    hue = (green - blue) / delta
                hue = (hue / 6.0) % 1.0
            saturation = min(max(saturation * saturation_factor + saturation_add, 0.0), 1.0)
            value = min(max(value + value_add, 0.0), 1.0)
            sextant = np.floor(hue * 6)
            f = hue * 6 - sextant
            p = value * (1 - saturation)
            q = value * (1 - f * saturation)
            t = value * (1 - (1 - f) * saturation)
            side = int(sextant) % 6
            if side == 0:
                red, green, blue = value, t, p
            elif side == 1:
                red, green, blue = q, value, p
            elif side == 2:
                red, green, blue = p, value, t
            elif side == 3:
                red, green, blue = p, q, value
            elif side == 4:
                red, green, blue = t, p, value
            else:
                red, green, blue = value, p, q
            out[y, x, 0] = np.uint8(min(max(red, 0.0), 1.0) * 255)
            out[y, x, 1] = np.uint8(min(max(green, 0.0), 1.0) * 255)
            out[y, x, 2] = np.uint8(min(max(blue, 0.0), 1.0) * 255)


@_compiled
def channel_sums(image: Image) -> Floats:
    """Sum of the intensities (0..1) of each channel, pixel after pixel."""
    height, width, _ = image.shape
    sums = np.zeros(3)
    for y in range(height):
        for x in range(width):
            for c in range(3):
                sums[c] += LEVELS[image[y, x, c]]
    return sums


@_compiled
def blend(first: Image, second: Image, table: Image, out: Image) -> None:
    """For H x W x 3 images: out = table[first, second]."""
    height, width, _ = first.shape
    for y in range(height):
        for x in range(width):
            for c in range(3):
                out[y, x, c] = table[first[y, x, c], second[y, x, c]]


@_compiled
def enlarge(source: Floats, out: Floats) -> None:
    """Stretch a plane bilinearly onto the grid of `out`, corners onto corners: scipy.ndimage.zoom.

    Where the last row or column lands beyond the source by a rounding error, it is 0 as in SciPy.
    """
    rows, columns = source.shape
    height, width = out.shape
    step_y = (rows - 1) / (height - 1) if height > 1 else 0.0
    step_x = (columns - 1) / (width - 1) if width > 1 else 0.0
    for y in range(height):
        at_y = y * step_y
        top = int(at_y)
        upper = 1 - (at_y - top)
        lower = 1 - upper
        bottom = min(top + 1, rows - 1)
        for x in range(width):
            at_x = x * step_x
            left = int(at_x)
            near = 1 - (at_x - left)
            far = 1 - near
            right = min(left + 1, columns - 1)
            if at_y > rows - 1 or at_x > columns - 1:
                out[y, x] = 0.0
                continue
            out[y, x] = (
                source[top, left] * upper * near
                + source[top, right] * upper * far
                + source[bottom, left] * lower * near
                + source[bottom, right] * lower * far
            )


@_compiled
def add_snow(image: Singles, gray: Singles, flakes: Image, keep: float, out: Image) -> None:
    """Whiten `image` (0..1) by its H x W `gray`, add `flakes` as they are and upside down."""
    height, width, _ = image.shape
    kept, added = np.float32(keep), np.float32(1 - keep)
    for y in range(height):
        for x in range(width):
            flake = LEVELS[flakes[y, x]]
            turned = LEVELS[flakes[height - 1 - y, width - 1 - x]]
            white = gray[y, x] * np.float32(1.5) + np.float32(0.5)
            for c in range(3):
                whitened = kept * image[y, x, c] + added * max(image[y, x, c], white)
                out[y, x, c] = np.uint8(min(max(whitened + flake + turned, 0.0), 1.0) * 255)


@_compiled
def add_water(image: Singles, drops: Singles, colour: Singles, out: Image) -> None:
    """Add `colour` to H x W x 3 `image` (all in 0..1) by the strength H x W `drops`."""
    height, width, _ = image.shape
    for y in range(height):
        for x in range(width):
            for c in range(3):
                wet = image[y, x, c] + drops[y, x] * colour[c]
                wet = min(max(wet, np.float32(0)), np.float32(1))
                out[y, x, c] = np.uint8(wet * np.float32(255))


@_compiled
def add_mud(image: Singles, cover: Singles, colour: Floats, out: Image) -> None:
    """Replace the share H x W `cover` of H x W x 3 `image` (all in 0..1) by `colour`."""
    height, width, _ = image.shape
    for y in range(height):
        for x in range(width):
            share = cover[y, x]
            for c in range(3):
                muddy = image[y, x, c] * (np.float32(1) - share) + colour[c] * share
                out[y, x, c] = np.uint8(min(max(muddy, 0.0), 1.0) * 255)


@_compiled
def refine(
    corners: Floats, wobble: float, squares: Floats, tops: Floats, lefts: Floats, out: Floats
) -> None:
    """One level of diamond-square on a torus: N x N heights -> 2N x 2N.

    A new height is the mean of its four neighbours, those of the same level included, plus wobble
    times its draw out of `squares` (between four corners), `tops` (between two corners beside each
    other) or `lefts` (between two corners one below the other), each N x N.
    """
    size = len(corners)
    for y in range(size):
        below = (y + 1) % size
        for x in range(size):
            beside = (x + 1) % size
            left = corners[y, x] + corners[below, x]
            right = corners[y, beside] + corners[below, beside]
            out[2 * y, 2 * x] = corners[y, x]
            out[2 * y + 1, 2 * x + 1] = (left + right) / 4 + wobble * squares[y, x]
    for y in range(size):
        above = (y - 1) % size
        below = (y + 1) % size
        for x in range(size):
            centre = out[2 * y + 1, 2 * x + 1]
            over = out[2 * above + 1, 2 * x + 1]
            before = out[2 * y + 1, 2 * ((x - 1) % size) + 1]
            along = corners[y, x] + corners[y, (x + 1) % size]
            down = corners[y, x] + corners[below, x]
            out[2 * y, 2 * x + 1] = ((centre + over) + along) / 4 + wobble * tops[y, x]
            out[2 * y + 1, 2 * x] = ((centre + before) + down) / 4 + wobble * lefts[y, x]


@_compiled
def add_fog(
    image: Image,
    heights: Floats,
    low: float,
    span: float,
    density: float,
    brightest: float,
    out: Image,
) -> None:
    """Add density * (heights - low) / span, then scale back to the brightest intensity."""
    rows, columns, _ = image.shape
    for y in range(rows):
        for x in range(columns):
            cloud = density * ((heights[y, x] - low) / span)
            for c in range(3):
                foggy = (LEVELS[image[y, x, c]] + cloud) * brightest / (brightest + density)
                out[y, x, c] = np.uint8(min(max(foggy, 0.0), 1.0) * 255)


@_compiled
def alias_table(laws: Floats) -> NDArray[np.uint32]:
    """Walker's alias table of each row of `laws` (N x 256 probabilities), after Vose.

    An entry holds a threshold of 24 bits and, in its lowest 8 bits, an alias: eight bits of a draw
    choose an entry, and 24 decide between the entry's own index and its alias. Probabilities are
    kept within 2^-32.
    """
    table = np.empty(laws.shape, np.uint32)
    waiting = np.empty(256, np.int64)
    for row in range(len(laws)):
        share = laws[row] * 256
        # Indices with less than an equal share wait at the front, the others at the back.
        poor, rich = 0, 256
        for i in range(256):
            if share[i] < 1:
                waiting[poor] = i
                poor += 1
            else:
                rich -= 1
                waiting[rich] = i
        while poor > 0 and rich < 256:
            poor -= 1
            little, much = waiting[poor], waiting[rich]
            threshold = min(int(share[little] * 2**24 + 0.5), 2**24 - 1)
            table[row, little] = (threshold << 8) | much
            share[much] -= 1 - share[little]
            if share[much] < 1:
                rich += 1
                waiting[poor] = much
                poor += 1
        for k in range(poor):
            table[row, waiting[k]] = (2**24 - 1) << 8 | waiting[k]
        for k in range(rich, 256):
            table[row, waiting[k]] = (2**24 - 1) << 8 | waiting[k]
    return table


@_compiled
def draw_levels(
    levels: Image, draws: NDArray[np.uint32], table: NDArray[np.uint32], out: Image
) -> None:
    """Replace each of N levels by a draw from its row of an alias table; `draws` are 32 bits."""
    for i in range(len(levels)):
        index = draws[i] & 255
        entry = table[levels[i], index]
        out[i] = index if draws[i] >> 8 < entry >> 8 else entry & 255
