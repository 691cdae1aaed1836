"""Blur weights that several corruptions share: Gaussians and motion lines."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruption.image_arrays import Floats
from robustbench_seg.corruption.threads import by_rows


def float32_error(shares: NDArray[np.number]) -> float:
    """Bound the error of a weighted sum of levels in float32.

    Weights, products and partial sums each have a relative rounding error of at most 2^-24. A
    fourth error allows for terms that are sums of two.

    Args:
        shares: The weights, not negative, in the order of the sum.

    Returns:
        The bound, in levels (0..255).
    """
    return float(1.01 * 255 * 2.0**-24 * (3 * shares.sum() + np.cumsum(shares).sum()))


def gaussian_weights(sigma: float) -> Floats:
    """The right half of a Gaussian kernel that ends at 4 sigma, its centre first."""
    radius = int(4 * sigma + 0.5)
    kernel = np.exp(-0.5 / (sigma * sigma) * np.arange(-radius, radius + 1) ** 2)
    return np.asarray((kernel / kernel.sum())[radius:])


def gaussian(
    plane: NDArray[np.floating], sigma: float, *, single: bool = False
) -> NDArray[np.floating]:
    """Gaussian filter of an H x W plane, in its own precision; edges are repeated.

    In float64 the result equals that of skimage.filters.gaussian, bit for bit. With `single`, a
    float64 plane is filtered as scikit-image filters a float32 one: the result and the values
    between the two axes are float32.
    """
    from robustbench_seg.corruption import kernels

    out, weights = np.empty_like(plane), gaussian_weights(sigma).astype(plane.dtype)
    by_rows(
        lambda rows: kernels.gaussian_plane(plane, weights, single, rows.start, rows.stop, out),
        len(plane),
    )
    return out.astype(np.float32) if single else out


class Line(NamedTuple):
    """A blur along a line: N weights, and the shift of the image for each, in pixels down and
    right.

    reach: the largest shifts: up, down, to either side
    """

    weights: Floats
    down: NDArray[np.int64]
    right: NDArray[np.int64]
    reach: tuple[int, int, int]


def line(radius: int, sigma: float, angle: float, shape: tuple[int, ...]) -> Line:
    """A line at `angle` degrees for an image of `shape` (H, W).

    The weights are half a Gaussian, 2 radius + 1 taps from its peak outwards, so the blur also
    moves the image by about 0.8 sigma. A line that is longer than the image is cut without
    rescaling the weights, which darkens images of fewer than 2 radius + 1 pixels.
    """
    taps = 2 * radius + 1
    weights = np.exp(-(np.arange(taps) ** 2) / (2 * sigma**2)) / (np.sqrt(2 * np.pi) * sigma)
    weights /= weights.sum()
    # Not simplified, so that rounding is the same as in imagecorruptions.
    across, along = taps * np.sin(np.deg2rad(angle)), taps * np.cos(np.deg2rad(angle))
    length = math.hypot(across, along)
    down = np.array([-math.ceil(i * across / length - 0.5) for i in range(taps)])
    right = np.array([-math.ceil(i * along / length - 0.5) for i in range(taps)])
    inside = (np.abs(down) < shape[0]) & (np.abs(right) < shape[1])
    taps = taps if inside.all() else int(inside.argmin())
    weights, down, right = weights[:taps], down[:taps], right[:taps]
    reach = int(-down.min()), int(down.max()), int(np.abs(right).max())
    return Line(weights, down, right, reach)
