"""Image arrays: their types, digests, bands of rows, and conversion to uint8."""

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]


def digest_pixels(image: Image) -> str:
    """Return the sha256 (64 hex digits) of the shape ("HxWx3") and the bytes of a decoded image."""
    digest = hashlib.sha256("x".join(map(str, image.shape)).encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()


def bands(stop: int, start: int = 0, threads: int = 1) -> Iterator[slice]:
    """Yield the rows from `start` to `stop` in bands, 64 for each of `threads`.

    This number of rows fits into a processor's cache as floats.
    """
    rows = 64 * threads
    for first in range(start, stop, rows):
        yield slice(first, min(first + rows, stop))


def truncated(intensities: NDArray[np.floating]) -> Image:
    """Convert intensities in 0..1 (others are clipped) to uint8 0..255 by truncation.

    imagecorruptions also truncates. Rounding would brighten images by half a level on average.
    """
    return np.asarray(np.clip(intensities, 0, 1) * 255).astype(np.uint8)
