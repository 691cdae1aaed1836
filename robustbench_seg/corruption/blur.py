"""Motion, defocus, glass and Gaussian blur.

Images are uint8 H x W x 3 RGB. Lengths are in pixels and do not depend on the image size. Source:
Hendrycks & Dietterich, arXiv 1903.12261, as in the imagecorruptions package.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruption import blur_weights
from robustbench_seg.corruption.image_arrays import Floats, Image, bands, truncated
from robustbench_seg.corruption.random_stream import RandomStream
from robustbench_seg.corruption.threads import by_rows, thread_count


def motion_blur(image: Image, rng: RandomStream, *, radius: float, sigma: float) -> Image:
    """Blur along a line at a random angle of -45..45 degrees.

    The kernel is one-sided: the image also moves, by about 0.8 sigma, away from its labels.

    Args:
        image: uint8 H x W x 3 RGB; it is not changed.
        rng: Stream of random numbers.
        radius: The kernel has 2 * radius + 1 pixels; the fraction is dropped.
        sigma: Sigma of the half Gaussian along the line, in pixels.

    Returns:
        A new image, uint8 H x W x 3 RGB.
    """
    from robustbench_seg.corruption import kernels

    angle = rng.angle(-45, 45)
    line = blur_weights.line(int(radius), sigma, angle, image.shape[:2])
    out = np.empty_like(image)
    margin = blur_weights.float32_error(line.weights)
    singles = line.weights.astype(np.float32)
    by_rows(
        lambda rows: kernels.shifted_levels(
            image, *line, singles, margin, rows.start, rows.stop, out
        ),
        len(image),
    )
    return out


def defocus_blur(image: Image, rng: RandomStream, *, radius: float, alias: float) -> Image:
    """Blur with a disk whose rim a Gaussian of sigma `alias` softens; edges are mirrored.

    Args:
        image: uint8 H x W x 3 RGB; it is not changed.
        rng: Unused, because nothing is random.
        radius: Radius of the disk, in pixels; its fraction is dropped.
        alias: Sigma of the Gaussian that softens the rim, in pixels.

    Returns:
        A new image, uint8 H x W x 3 RGB.
    """
    from robustbench_seg.corruption import kernels

    disk = _disk(int(radius), alias)
    runs, steps = _runs(disk)
    # A run is two rows (row 0 one) of 2 x half-width + 1 pixels.
    shares = steps * (1 + (runs[:, 0] > 0)) * (2 * runs[:, 1] + 1)
    out, reach = np.empty_like(image), int(runs.max())
    margin = blur_weights.float32_error(shares)
    # If all weights are equal, the sums before weighting are exact in single precision: they are
    # whole numbers, at most 255 per pixel.
    even = bool(steps.min() == steps.max() and steps[0] * 2**24 > 255)
    steps32 = (np.ones_like(steps) if even else steps).astype(np.float32)
    kernel = runs, steps, steps32, even, reach
    decided = [image.shape[1] <= WIDEST and reach < min(image.shape[:2])]

    def filter_rows(rows: slice) -> None:
        decided.append(kernels.disk_levels(image, *kernel, margin, rows.start, rows.stop, out))

    if all(decided):
        by_rows(filter_rows, len(image))
    if not all(decided):
        # Where another order of summation could change the result, use the library's own sums.
        return truncated(np.asarray(cv2.filter2D(image / 255.0, -1, disk), np.float64))
    return out


WIDEST = 2**24 // (2 * 255) - 64
"""Up to this width in pixels, sums over two rows of samples are exact in single precision."""


@lru_cache
def _disk(radius: int, alias: float) -> NDArray[np.float32]:
    # The disk is on a grid of at least 17 x 17, which clips its soft rim.
    extent = max(radius, 8)
    axis = np.arange(-extent, extent + 1)
    disk = (axis[:, None] ** 2 + axis**2 <= radius**2).astype(np.float32)
    disk /= disk.sum()
    size = 3 if radius <= 8 else 5
    return np.asarray(cv2.GaussianBlur(disk, (size, size), sigmaX=alias), np.float32)


def _runs(kernel: NDArray[np.float32]) -> tuple[NDArray[np.int64], Floats]:
    """Convert a kernel whose rows rise to their middle to runs; see kernels.disk_levels."""
    extent = len(kernel) // 2
    half = np.pad(kernel[extent:, extent:].astype(np.float64), ((0, 0), (0, 1)))
    steps = half[:, :-1] - half[:, 1:]
    # In double precision, a weight of 1e-20 does not change a sum of levels.
    runs = np.argwhere(steps > 1e-20)
    return runs, steps[tuple(runs.T)]


def glass_blur(
    image: Image, rng: RandomStream, *, sigma: float, distance: float, iterations: float
) -> Image:
    """Blur, swap pixels within `distance`, blur again.

    As in imagecorruptions, the swap is a copy (the neighbour keeps its value, and a pixel can be
    copied repeatedly along the scan), the neighbour is -distance to distance - 1 away, so that the
    image moves by half a pixel, and the image is truncated to uint8 between the steps.

    Args:
        image: uint8 H x W x 3 RGB; it is not changed.
        rng: Stream of random numbers.
        sigma: Sigma of the Gaussian of both blurs, in pixels.
        distance: Largest offset of a neighbour along each axis, in whole pixels.
        iterations: Number of passes over the image, a whole number.

    Returns:
        A new image, uint8 H x W x 3 RGB.
    """
    from robustbench_seg.corruption import kernels

    blurred = gaussian_blur(image, rng, sigma=sigma)
    packed = np.empty(image.shape[:2], np.uint32)
    by_rows(lambda rows: kernels.pack(blurred[rows], packed[rows]), len(image))
    for _ in range(int(iterations)):
        _trade(packed, rng, int(distance))
    by_rows(lambda rows: kernels.unpack(packed[rows], blurred[rows]), len(image))
    return gaussian_blur(blurred, rng, sigma=sigma)


def _trade(packed: NDArray[np.uint32], rng: RandomStream, distance: int) -> None:
    """Replace each pixel by a copy of a neighbour, in place."""
    from robustbench_seg.corruption import kernels

    height, width = packed.shape
    near = range(-distance, distance)
    steps = np.array([down * width + right for down in near for right in near])
    columns = max(width - 2 * distance, 0)
    for band in bands(height - 2 * distance, threads=thread_count()):
        rows = band.stop - band.start
        choices = rng.neighbours(distance, rows * columns)
        last = height - distance - band.start
        kernels.copy_neighbours(packed, last, rows, distance, choices, steps)


def gaussian_blur(image: Image, rng: RandomStream, *, sigma: float) -> Image:
    """Blur with a Gaussian that ends at 4 sigma; edges are repeated.

    Args:
        image: uint8 H x W x 3 RGB; it is not changed.
        rng: Unused, because nothing is random.
        sigma: Sigma of the Gaussian, in pixels.

    Returns:
        A new image, uint8 H x W x 3 RGB.
    """
    from robustbench_seg.corruption import kernels

    weights = blur_weights.gaussian_weights(sigma)
    # Both passes add an error; the second also rounds the sums of two neighbours.
    shares = weights * np.where(np.arange(len(weights)) > 0, 2, 1)
    order = np.concatenate([shares[:1], shares[:0:-1]])
    margin = 2 * blur_weights.float32_error(order)
    out = np.empty_like(image)
    singles = weights.astype(np.float32)
    by_rows(
        lambda rows: kernels.gaussian_levels(
            image, weights, singles, margin, rows.start, rows.stop, out
        ),
        len(image),
    )
    return out
