"""Zoom blur, elastic transform and pixelation, which resample the image.

Images are uint8 H x W x 3 RGB. Only the zoom depends on the image size: blocks of pixels and
elastic displacements keep their size in pixels, but displacements vary more slowly on larger
images. Source: Hendrycks & Dietterich, arXiv 1903.12261, as in the imagecorruptions package.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from robustbench_seg.corruption.image_arrays import Image
from robustbench_seg.corruption.random_stream import RandomStream
from robustbench_seg.corruption.threads import by_rows
from robustbench_seg.errors import CorruptionError

SMOOTHING = 0.01
"""Sigma of the Gaussian that smooths displacements, as a share of the side along which it
smooths.
"""

REACH = 0.005
"""Maximum displacement before smoothing, as a share of the height, in both directions."""


def zoom_blur(image: Image, rng: RandomStream, *, stop: float, step: float) -> Image:
    """Average the image with itself enlarged by 1, 1 + step, 1 + 2 step ... below `stop`.

    As in imagecorruptions, the image counts twice; an enlargement is up to a pixel too large and is
    cut at its bottom and right, so the centre moves slightly; sums are in float32; and because of
    rounding errors some enlargements reach `stop` or lose their last row or column.

    Args:
        image: uint8 H x W x 3 RGB; it is not changed.
        rng: Unused, because nothing is random.
        stop: Enlargements are below this factor.
        step: Difference between two enlargements.

    Returns:
        A new image, uint8 H x W x 3 RGB.
    """
    from robustbench_seg.corruption import kernels

    height, width, _ = image.shape
    zooms = np.arange(1, stop, step)
    vertical = np.array([_zoomed(height, zoom) for zoom in zooms])
    horizontal = np.array([_zoomed(width, zoom) for zoom in zooms])
    intensities = image.astype(np.float32) / np.float32(255)
    out = np.empty_like(image)
    cuts = vertical, horizontal
    by_rows(
        lambda rows: kernels.mean_of_zooms(intensities, *cuts, rows.start, rows.stop, out), height
    )
    return out


def _zoomed(side: int, zoom: float) -> tuple[int, int, int]:
    """For a side of the image: start of the enlarged crop, its length before and after."""
    cut = math.ceil(side / zoom)
    return (side - cut) // 2, cut, round(cut * zoom)


def elastic_transform(image: Image, rng: RandomStream, *, strength: float) -> Image:
    """Move every pixel by a smooth random displacement of `strength`; edges are mirrored.

    The image moves and its labels do not. Displacements are float32, as in imagecorruptions.

    Args:
        image: uint8 H x W x 3 RGB; it is not changed.
        rng: Stream of random numbers.
        strength: Factor of the smoothed displacements.

    Returns:
        A new image, uint8 H x W x 3 RGB.
    """
    from robustbench_seg.corruption import kernels

    right, down = (_displacements(image, rng, strength) for _ in range(2))
    out = np.empty_like(image)
    by_rows(
        lambda rows: kernels.displace(image, down, right, rows.start, rows.stop, out), len(image)
    )
    return out


def _displacements(image: Image, rng: RandomStream, strength: float) -> NDArray[np.float32]:
    """Smoothed uniform noise, float32 H x W, in pixels."""
    from scipy import ndimage

    height, width, _ = image.shape
    reach = REACH * height
    noise = rng.uniform(-reach, reach, (height, width))
    sigmas = SMOOTHING * height, SMOOTHING * width
    ndimage.gaussian_filter(noise, sigmas, output=noise, mode="reflect", truncate=3)
    noise *= strength
    return noise.astype(np.float32)


def pixelate(image: Image, rng: RandomStream, *, size: float) -> Image:
    """Shrink the sides of the image to the share `size` by averaging, and enlarge it by repeating
    pixels.

    A pixel becomes 1 / size pixels wide, for every image size.

    Args:
        image: uint8 H x W x 3 RGB; it is not changed.
        rng: Unused, because nothing is random.
        size: Side of the small image as a share of that of the image, 0..1.

    Returns:
        A new image, uint8 H x W x 3 RGB.

    Raises:
        CorruptionError: The size leaves no pixel.
    """
    height, width, _ = image.shape
    fewer = int(width * size), int(height * size)
    if min(fewer) < 1:
        raise CorruptionError(
            f"pixelate: size {size} leaves no pixel of an image of {width} x {height}"
        )
    small = PillowImage.fromarray(image).resize(fewer, PillowImage.Resampling.BOX)
    return np.array(small.resize((width, height), PillowImage.Resampling.NEAREST))
