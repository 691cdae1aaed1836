"""Checks of the arguments of a segmenter: an image, and its labels."""

import numpy as np
import torch
from numpy.typing import NDArray

from robustbench_seg.errors import ModelError
from robustbench_seg.segmenter.float_image import AnyImage, FloatImage


def checked_image(image: object, name: str, *, bytes_only: bool = False) -> AnyImage:
    """Check that an object is a uint8 array of HxWx3 RGB, or a FloatImage.

    Args:
        image: The user's object.
        name: The segmenter's name, for the message.
        bytes_only: Whether the network takes only 8-bit images.

    Returns:
        The image itself, or its bytes if all values of a FloatImage are 8-bit levels.

    Raises:
        ModelError: The object has another form. The message says how to convert it.
    """
    if isinstance(image, FloatImage):
        levels = image.levels()
        if levels is None and bytes_only:
            raise ModelError(f"{name}: it takes images of 8 bits only; round the image to 8 bits")
        return image if levels is None else levels
    return checked_bytes(image, name)


def checked_bytes(image: object, name: str) -> NDArray[np.uint8]:
    """Check that an object is a uint8 array of HxWx3 RGB; see `checked_image`."""
    wanted = f"{name}: expected one uint8 image of HxWx3 RGB"
    if not isinstance(image, np.ndarray):
        raise ModelError(f"{wanted}, got a {type(image).__name__}; give a NumPy array")
    given = f"got {image.dtype} {'x'.join(map(str, image.shape)) or 'scalar'}"
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


def checked_tensor(image: object, device: torch.device, name: str) -> torch.Tensor:
    """Check that an object is an image whose gradient can be computed.

    Args:
        image: The user's object.
        device: The segmenter's device.
        name: The segmenter's name, for the message.

    Returns:
        The image itself, float32 3xHxW.

    Raises:
        ModelError: The object has another form, has values that are not finite, or is on another
            device.
    """
    wanted = f"{name}: expected one float32 image of 3xHxW RGB"
    if not isinstance(image, torch.Tensor):
        raise ModelError(f"{wanted}, got a {type(image).__name__}; give a torch tensor")
    if image.dtype is not torch.float32 or image.ndim != 3 or len(image) != 3 or not image.numel():
        kind = str(image.dtype).removeprefix("torch.")
        raise ModelError(f"{wanted}, got {kind} {'x'.join(map(str, image.shape)) or 'scalar'}")
    if image.device.type != device.type or device.index not in (None, image.device.index):
        raise ModelError(f"{wanted} on {device}, got one on {image.device}; move it there")
    if not torch.isfinite(image).all():
        raise ModelError(f"{wanted}; this one has NaN or infinite values")
    return image


def check_truth(truth: NDArray[np.uint8], size: tuple[int, int], name: str) -> None:
    """Raise a ModelError unless labels have the size of their image.

    Args:
        truth: uint8 HxW class indices.
        size: Height and width of the image.
        name: The segmenter's name.
    """
    if truth.shape != size:
        raise ModelError(
            f"{name}: labels of {'x'.join(map(str, truth.shape))} for an image of "
            f"{size[0]}x{size[1]}"
        )
