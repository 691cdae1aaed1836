"""What several corruptions share: number ranges, the Gaussian filter, the motion blur."""

import math

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]


def truncated(intensities: NDArray[np.floating]) -> Image:
    """Intensities in 0..1 (others are clipped) -> uint8 0..255, truncated and not rounded.

    imagecorruptions truncates; rounding would brighten an image by half a level on average.
    """
    return np.asarray(np.clip(intensities, 0, 1) * 255).astype(np.uint8)


def gaussian(source: NDArray[np.floating], sigma: float) -> Floats:
    """Gaussian filter of an H x W or H x W x C array, in float64.

    The kernel ends at 4 sigma and edges are repeated: skimage.filters.gaussian, to the bit. A
    float32 source is rounded to float32 between the two axes; the result is not.
    """
    from robustbench_seg.corruption import kernels

    radius = int(4 * sigma + 0.5)
    kernel = np.exp(-0.5 / (sigma * sigma) * np.arange(-radius, radius + 1) ** 2)
    weights = (kernel / kernel.sum())[radius:].copy()
    planes = np.ascontiguousarray(source, np.float64).reshape(*source.shape[:2], -1)
    out = np.empty_like(planes)
    kernels.gaussian(planes, weights, source.dtype == np.float32, out)
    return out.reshape(source.shape)


def motion_blur(source: NDArray[np.generic], radius: int, sigma: float, angle: float) -> Floats:
    """Blur an H x W or H x W x C array along a line at `angle` degrees, in float64.

    The kernel is half a Gaussian, 2 radius + 1 taps from its peak outwards, so the content also
    moves, by about 0.8 sigma. Where the line grows longer than the image it is cut without
    rescaling the kernel, which darkens images of fewer than 2 radius + 1 pixels.
    """
    from robustbench_seg.corruption import kernels

    taps = 2 * radius + 1
    kernel = np.exp(-(np.arange(taps) ** 2) / (2 * sigma**2)) / (np.sqrt(2 * np.pi) * sigma)
    kernel /= kernel.sum()
    # Written with the length of the line, and not simplified, for the same rounding.
    across, along = taps * np.sin(np.deg2rad(angle)), taps * np.cos(np.deg2rad(angle))
    length = math.hypot(across, along)
    down = np.array([-math.ceil(i * across / length - 0.5) for i in range(taps)])
    right = np.array([-math.ceil(i * along / length - 0.5) for i in range(taps)])
    inside = (np.abs(down) < source.shape[0]) & (np.abs(right) < source.shape[1])
    taps = taps if inside.all() else int(inside.argmin())
    planes = np.ascontiguousarray(source).reshape(*source.shape[:2], -1)
    out = np.empty(planes.shape)
    kernels.weighted_shifts(planes, kernel[:taps], down[:taps], right[:taps], out)
    return out.reshape(source.shape)
