"""Motion, defocus, glass and Gaussian blur.

Images are uint8 H x W x 3 RGB, lengths are in pixels whatever the size of the image.
Source of all: Hendrycks & Dietterich, arXiv 1903.12261, as in the imagecorruptions package.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruption import pixels
from robustbench_seg.corruption.pixels import Image
from robustbench_seg.corruption.streams import Stream


def motion_blur(image: Image, rng: Stream, *, radius: float, sigma: float) -> Image:
    """Blur along a line at a random angle of -45..45 degrees.

    The kernel is one-sided: the image also moves, by about 0.8 sigma, away from its labels.
    """
    angle = float(rng.uniform(-45, 45))
    blurred = pixels.motion_blur(image, int(radius), sigma, angle)
    return np.clip(blurred, 0, 255).astype(np.uint8)


def defocus_blur(image: Image, rng: Stream, *, radius: float, alias: float) -> Image:
    """Blur with a disk, its rim softened by a Gaussian of sigma `alias`; edges are mirrored."""
    blurred = cv2.filter2D(image / 255.0, -1, _disk(int(radius), alias))
    return pixels.truncated(np.asarray(blurred, np.float64))


def _disk(radius: int, alias: float) -> NDArray[np.float32]:
    # The disk lies on a grid of at least 17 x 17; OpenCV filters by DFT from that size on, and
    # on a smaller grid the sums would be rounded differently.
    extent = max(radius, 8)
    axis = np.arange(-extent, extent + 1)
    disk = (axis[:, None] ** 2 + axis**2 <= radius**2).astype(np.float32)
    disk /= disk.sum()
    size = 3 if radius <= 8 else 5
    return np.asarray(cv2.GaussianBlur(disk, (size, size), sigmaX=alias), np.float32)


def glass_blur(
    image: Image, rng: Stream, *, sigma: float, distance: float, iterations: float
) -> Image:
    """Blur, let pixels trade places within `distance`, blur again.

    Kept as they are in the reference: the trade is a copy (the neighbour keeps its value, and a
    pixel can be copied on and on along the scan); the neighbour is -distance to distance - 1 away,
    so that the image moves by half a pixel; between the steps it is truncated to uint8.
    """
    from robustbench_seg.corruption import kernels

    reach = int(distance)
    shuffled = (pixels.gaussian(image / 255.0, sigma) * 255).astype(np.uint8)
    height, width, _ = image.shape
    moved = max(height - 2 * reach, 0) * max(width - 2 * reach, 0)
    for _ in range(int(iterations)):
        kernels.copy_neighbours(shuffled, rng.integers(-reach, reach, (moved, 2)), reach)
    return pixels.truncated(pixels.gaussian(shuffled / 255.0, sigma))


def gaussian_blur(image: Image, rng: Stream, *, sigma: float) -> Image:
    """Blur with a Gaussian that ends at 4 sigma; edges are repeated."""
    return pixels.truncated(pixels.gaussian(image / 255.0, sigma))
