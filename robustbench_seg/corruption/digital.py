"""Brightness, contrast, saturation and JPEG compression, which use no random numbers.

Images are uint8 H x W x 3 RGB; parameters are for intensities in 0..1. Source: Hendrycks &
Dietterich, arXiv 1903.12261, as in the imagecorruptions package.
"""

import io

import cv2
import numpy as np
from PIL import Image as PillowImage

from robustbench_seg.corruption.image_arrays import Image, truncated
from robustbench_seg.corruption.random_stream import RandomStream
from robustbench_seg.corruption.threads import by_rows


def brightness(image: Image, rng: RandomStream, *, add: float) -> Image:
    """Add `add` to the value channel of HSV.

    Args:
        image: uint8 H x W x 3 RGB; it is not changed.
        rng: Unused, because nothing is random.
        add: The summand, as a share of the range of the channel; results are clipped to 0..1.

    Returns:
        A new image, uint8 H x W x 3 RGB.
    """
    return _shifted(image, 1.0, 0.0, add)


def contrast(image: Image, rng: RandomStream, *, factor: float) -> Image:
    """Shrink the distance to the mean of each channel by `factor`.

    Args:
        image: uint8 H x W x 3 RGB; it is not changed.
        rng: Unused, because nothing is random.
        factor: Factor of the distance to the mean; 1 does not change the image.

    Returns:
        A new image, uint8 H x W x 3 RGB.
    """
    from robustbench_seg.corruption import kernels

    means = kernels.channel_sums(image) / (image.shape[0] * image.shape[1])
    levels = np.arange(256)[:, None] / 255.0
    table = truncated((levels - means) * factor + means)
    return np.asarray(cv2.LUT(image, table[:, None]), np.uint8)


def saturate(image: Image, rng: RandomStream, *, factor: float, add: float) -> Image:
    """Set the saturation channel of HSV to saturation * factor + add.

    A gray pixel gets the hue of red, so gray turns reddish if `add` > 0, as in imagecorruptions.

    Args:
        image: uint8 H x W x 3 RGB; it is not changed.
        rng: Unused, because nothing is random.
        factor: Factor of the saturation.
        add: The summand, applied after the factor; results are clipped to 0..1.

    Returns:
        A new image, uint8 H x W x 3 RGB.
    """
    return _shifted(image, factor, add, 0.0)


def _shifted(
    image: Image, saturation_factor: float, saturation_add: float, value_add: float
) -> Image:
    """Shift saturation and value in HSV; see kernels.shift_hsv."""
    from robustbench_seg.corruption import kernels

    out, shifts = np.empty_like(image), (saturation_factor, saturation_add, value_add)
    by_rows(lambda rows: kernels.shift_hsv(image[rows], *shifts, out[rows]), len(out))
    return out


def jpeg_compression(image: Image, rng: RandomStream, *, quality: float) -> Image:
    """Encode as JPEG of this quality (4:2:0 chroma) and decode.

    Args:
        image: uint8 H x W x 3 RGB; it is not changed.
        rng: Unused, because nothing is random.
        quality: JPEG quality of Pillow, 1..100; its fraction is dropped.

    Returns:
        A new image, uint8 H x W x 3 RGB.
    """
    buffer = io.BytesIO()
    PillowImage.fromarray(image).save(buffer, "JPEG", quality=int(quality))
    return np.array(PillowImage.open(buffer))
