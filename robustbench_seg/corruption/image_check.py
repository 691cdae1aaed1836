"""The check of an image that a user gives to `corrupt`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.errors import CorruptionError

SMALLEST = 32
"""The smallest side of an image, in pixels."""


def checked_rgb(image: object, corruption: str) -> NDArray[np.uint8]:
    """Check that an object is an image that can be corrupted.

    Args:
        image: The user's object.
        corruption: Name of the corruption, for the message.

    Returns:
        The image, contiguous, uint8 H x W x 3 RGB; a gray one has three equal channels.

    Raises:
        CorruptionError: It is not such an image. The message says how to convert it.
    """
    if problem := _problem(image):
        raise CorruptionError(f"{corruption}: {problem}")
    rgb = np.asarray(image)
    if rgb.ndim == 2:
        return np.repeat(rgb[..., None], 3, axis=2)
    return np.ascontiguousarray(rgb)


def _problem(image: object) -> str | None:
    """Return why `image` cannot be corrupted, and what to do; None if it can."""
    wanted = "expected a NumPy array, uint8, H x W x 3 (RGB) or H x W (gray)"
    if not isinstance(image, np.ndarray):
        return f"the image is a {type(image).__name__}; {wanted}"
    if image.dtype != np.uint8:
        return f"the image is {_range(image)} and convert it to uint8"
    shape = " x ".join(map(str, image.shape))
    if image.ndim == 4:
        return f"the array is a batch, {shape}; give one image at a time"
    if image.ndim == 3 and image.shape[2] == 1:
        return f"the image is {shape}; give a gray image as H x W: image[..., 0]"
    if image.ndim == 3 and image.shape[2] == 4:
        return f"the image is {shape}; give RGB without the fourth channel: image[..., :3]"
    if image.ndim == 3 and image.shape[2] != 3 and image.shape[0] == 3:
        return f"the image is {shape}; give its channels last: image.transpose(1, 2, 0)"
    if image.ndim != 2 and image.shape[2:] != (3,):
        return f"the image is {shape}; {wanted}"
    if min(image.shape[:2]) < SMALLEST:
        return f"the image is {shape} pixels; give {SMALLEST} x {SMALLEST} or more"
    return None


def _range(image: NDArray[Any]) -> str:
    """Return the type of an image that is not uint8, and how to scale its values to 0..255.

    >>> _range(np.zeros((40, 40)))
    'float64 in 0..1: multiply it by 255'
    """
    if image.dtype == bool:
        return "bool: multiply it by 255"
    if (
        np.issubdtype(image.dtype, np.floating)
        and image.size
        and 0 <= image.min() <= image.max() <= 1
    ):
        return f"{image.dtype} in 0..1: multiply it by 255"
    return f"{image.dtype}: scale it to 0..255"
