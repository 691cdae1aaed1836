"""Loops in which each sample or pixel is independent of the others."""

import numpy as np

from robustbench_seg.corruption.kernels.arrays import INTENSITIES, AnyFloats, Floats, Image, Singles
from robustbench_seg.machine.compiled import compiled

COVERED = np.float32(0.8)

_CHUNK = 512


@compiled
def shift_hsv(
    image: Image, saturation_factor: float, saturation_add: float, value_add: float, out: Image
) -> None:
    """RGB -> HSV, S -> clip(S * factor + add), V -> clip(V + add), -> RGB, truncated to uint8.

    The loop has no branches, so that it can be vectorised: it computes the value for each channel
    and each sector of the hue, and then selects the right one.
    """
    pixels, results = image.reshape(-1, 3), out.reshape(-1, 3)
    planes = np.empty((3, _CHUNK), np.float64)
    for start in range(0, len(pixels), _CHUNK):
        chunk, result = pixels[start : start + _CHUNK], results[start : start + _CHUNK]
        count = len(chunk)
        reds, greens, blues = planes[0, :count], planes[1, :count], planes[2, :count]
        for i in range(count):
            reds[i], greens[i] = INTENSITIES[chunk[i, 0]], INTENSITIES[chunk[i, 1]]
            blues[i] = INTENSITIES[chunk[i, 2]]
        for i in range(count):
            red, green, blue = reds[i], greens[i], blues[i]
            value = max(max(red, green), blue)
            delta = value - min(min(red, green), blue)
            # In a tie, the last channel counts as the largest.
            ahead = green - blue
            ahead = blue - red if green == value else ahead
            ahead = red - green if blue == value else ahead
            third = 2.0 if green == value else 0.0
            third = 4.0 if blue == value else third
            hue = (third + ahead / (delta if delta > 0 else 1.0)) / 6.0
            hue = hue + 1.0 if hue < 0 else hue
            hue = (hue if delta > 0 else 0.0) * 6
            saturation = delta / (value if value > 0 else 1.0)
            saturation = min(max(saturation * saturation_factor + saturation_add, 0.0), 1.0)
            value = min(max(value + value_add, 0.0), 1.0)
            side = np.floor(hue)
            f = hue - side
            p = value * (1 - saturation)
            q = value * (1 - f * saturation)
            t = value * (1 - (1 - f) * saturation)
            red = q if side == 1 else (t if side == 4 else p)
            red = value if side == 0 or side == 5 else red
            green = t if side == 0 else (q if side == 3 else p)
            green = value if side == 1 or side == 2 else green
            blue = t if side == 2 else (q if side == 5 else p)
            blue = value if side == 3 or side == 4 else blue
            reds[i], greens[i], blues[i] = red * 255, green * 255, blue * 255
        for i in range(count):
            result[i, 0] = np.uint8(np.int32(reds[i]))
            result[i, 1] = np.uint8(np.int32(greens[i]))
            result[i, 2] = np.uint8(np.int32(blues[i]))


@compiled
def channel_sums(image: Image) -> Floats:
    """Sum the intensities (0..1) of each channel, pixel by pixel."""
    height, width, _ = image.shape
    sums = np.zeros(3)
    for y in range(height):
        for x in range(width):
            for c in range(3):
                sums[c] += INTENSITIES[image[y, x, c]]
    return sums


@compiled
def blend(first: Image, second: Image, table: Image, out: Image) -> None:
    """For H x W x 3 images: out = table[first, second]."""
    height, width, _ = first.shape
    for y in range(height):
        for x in range(width):
            for c in range(3):
                out[y, x, c] = table[first[y, x, c], second[y, x, c]]


@compiled
def drops_above(liquid: AnyFloats, threshold: float, out: Image) -> None:
    """Levels of an H x W plane of intensities, truncated; 0 below `threshold`."""
    height, width = liquid.shape
    real = liquid.dtype.type
    least, white = real(threshold), real(255)
    for y in range(height):
        for x in range(width):
            depth = liquid[y, x] if liquid[y, x] >= least else real(0)
            out[y, x] = np.uint8(np.int32(depth * white))


@compiled
def add_water(image: Image, drops: Singles, colour: Singles, out: Image) -> None:
    """Add `colour` (0..1) to H x W x 3 `image` by the strength H x W `drops`."""
    height, width, _ = image.shape
    water = np.empty((width, 3), np.float32)
    for y in range(height):
        for x in range(width):
            drop = drops[y, x]
            water[x, 0], water[x, 1] = drop * colour[0], drop * colour[1]
            water[x, 2] = drop * colour[2]
        levels, added, row = image[y].reshape(-1), water.reshape(-1), out[y].reshape(-1)
        for i in range(3 * width):
            wet = np.float32(levels[i]) / np.float32(255) + added[i]
            wet = min(max(wet, np.float32(0)), np.float32(1))
            row[i] = np.uint8(np.int32(wet * np.float32(255)))


@compiled
def add_mud(image: Image, cover: Singles, colour: Floats, out: Image) -> None:
    """Replace the share H x W `cover` of H x W x 3 `image` by `colour` (0..1).

    A pixel whose cover is less than `COVERED` does not change.
    """
    height, width, _ = image.shape
    shares, mud = np.empty((width, 3), np.float32), np.empty((width, 3), np.float64)
    for y in range(height):
        for x in range(width):
            share = cover[y, x] if cover[y, x] >= COVERED else np.float32(0)
            shares[x, 0] = shares[x, 1] = shares[x, 2] = share
            mud[x, 0], mud[x, 1] = colour[0] * share, colour[1] * share
            mud[x, 2] = colour[2] * share
        levels, row = image[y].reshape(-1), out[y].reshape(-1)
        covered, added = shares.reshape(-1), mud.reshape(-1)
        for i in range(3 * width):
            intensity = np.float32(levels[i]) / np.float32(255)
            muddy = intensity * (np.float32(1) - covered[i]) + added[i]
            row[i] = np.uint8(np.int32(min(max(muddy, 0.0), 1.0) * 255))
