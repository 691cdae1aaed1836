"""Arrays of images: their types, digest and bands, and the way back to bytes."""

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]


def digest_pixels(image: Image) -> str:
    """sha256, as 64 hex digits, of the shape ("HxWx3") and then the bytes of a decoded image."""
    digest = hashlib.sha256("x".join(map(str, image.shape)).encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()


def bands(height: int) -> Iterator[slice]:
    """The rows of an image in parts, whose float copies stay small and in the processor's cache."""
    for start in range(0, height, 64):
        yield slice(start, min(start + 64, height))


def truncated(intensities: NDArray[np.floating]) -> Image:
    """Intensities in 0..1 (others are clipped) -> uint8 0..255, truncated and not rounded.

    imagecorruptions truncates; rounding would brighten an image by half a level on average.
    """
    return np.asarray(np.clip(intensities, 0, 1) * 255).astype(np.uint8)
