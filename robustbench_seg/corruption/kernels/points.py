"""Loops in which a sample or pixel depends on nothing but itself."""

import numpy as np

from robustbench_seg.corruption.kernels.arrays import LEVELS, Floats, Image, Singles
from robustbench_seg.machine.compiled import compiled


_CHUNK = 512


@compiled
def shift_hsv(
    image: Image, saturation_factor: float, saturation_add: float, value_add: float, out: Image
) -> None:
    """RGB -> HSV, S -> clip(S * factor + add), V -> clip(V + add), -> RGB, truncated to uint8.

    Without a branch in the loop, so that it fills vector registers: a value per channel and side of
    the hue's circle is computed, and the right one taken.
    """
    pixels, results = image.reshape(-1, 3), out.reshape(-1, 3)
    planes = np.empty((3, _CHUNK))
    for start in range(0, len(pixels), _CHUNK):
        chunk, result = pixels[start : start + _CHUNK], results[start : start + _CHUNK]
        count = len(chunk)
        reds, greens, blues = planes[0, :count], planes[1, :count], planes[2, :count]
        for i in range(count):
            reds[i], greens[i] = LEVELS[chunk[i, 0]], LEVELS[chunk[i, 1]]
            blues[i] = LEVELS[chunk[i, 2]]
        for i in range(count):
            red, green, blue = reds[i], greens[i], blues[i]
            value = max(max(red, green), blue)
            delta = value - min(min(red, green), blue)
            # On a tie the later channel counts as the greatest.
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
    """Sum of the intensities (0..1) of each channel, pixel after pixel."""
    height, width, _ = image.shape
    sums = np.zeros(3)
    for y in range(height):
        for x in range(width):
            for c in range(3):
                sums[c] += LEVELS[image[y, x, c]]
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
def add_water(image: Singles, drops: Singles, colour: Singles, out: Image) -> None:
    """Add `colour` to H x W x 3 `image` (all in 0..1) by the strength H x W `drops`."""
    height, width, _ = image.shape
    for y in range(height):
        for x in range(width):
            for c in range(3):
                wet = image[y, x, c] + drops[y, x] * colour[c]
                wet = min(max(wet, np.float32(0)), np.float32(1))
                out[y, x, c] = np.uint8(wet * np.float32(255))


@compiled
def add_mud(image: Singles, cover: Singles, colour: Floats, out: Image) -> None:
    """Replace the share H x W `cover` of H x W x 3 `image` (all in 0..1) by `colour`."""
    height, width, _ = image.shape
    for y in range(height):
        for x in range(width):
            share = cover[y, x]
            for c in range(3):
                muddy = image[y, x, c] * (np.float32(1) - share) + colour[c] * share
                out[y, x, c] = np.uint8(min(max(muddy, 0.0), 1.0) * 255)
