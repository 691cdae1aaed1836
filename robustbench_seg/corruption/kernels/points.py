"""Loops in which a sample or pixel depends on nothing but itself."""

import numpy as np

from robustbench_seg.corruption.kernels.arrays import LEVELS, Floats, Image, Singles
from robustbench_seg.machine.compiled import compiled


@compiled
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
