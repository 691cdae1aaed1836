"""The check of an image that a user gives to a segmenter."""

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.errors import ModelError


def checked_image(image: object, name: str) -> NDArray[np.uint8]:
    """Check that an object is a uint8 array of HxWx3 RGB.

    Args:
        image: The user's object.
        name: The segmenter's name, for the message.

    Returns:
        The image itself.

    Raises:
        ModelError: The object is something else. The message says how to convert it.
    """
    wanted = f"{name}: one uint8 image of HxWx3 RGB is wanted"
    if not isinstance(image, np.ndarray):
        raise ModelError(f"{wanted}, not a {type(image).__name__}; give a NumPy array")
    given = f"not {image.dtype} {'x'.join(map(str, image.shape)) or 'scalar'}"
    if image.ndim == 4:
        raise ModelError(f"{wanted}, {given}; give the images of a batch one by one")
    if image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 1):
        raise ModelError(f"{wanted}, {given}; repeat the grey channel three times")
    if image.ndim == 3 and image.shape[2] == 4:
        raise ModelError(f"{wanted}, {given}; leave out the alpha channel")
    if image.ndim == 3 and image.shape[0] == 3 and image.shape[2] != 3:
        raise ModelError(f"{wanted}, {given}; move the channels last")
    if image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise ModelError(f"{wanted}, {given}")
    if image.dtype != np.uint8:
        raise ModelError(f"{wanted}, {given}; scale it to 0..255 and convert it to uint8")
    return image
