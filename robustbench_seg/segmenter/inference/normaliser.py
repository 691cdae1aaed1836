"""Normalises images for a network."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def to_tensor(image: NDArray[np.uint8], mean: Tensor, std: Tensor) -> Tensor:
    """Normalise an image: (rgb / 255 - mean) / std.

    Args:
        image: uint8 HxWx3 RGB.
        mean: Mean of RGB in 0..1, 1x3x1x1.
        std: Standard deviation of RGB in 0..1, 1x3x1x1.

    Returns:
        float32 1x3xHxW on the device of `mean`.
    """
    # torch does not accept flipped views, such as cv2.imread(file)[..., ::-1].
    pixels = torch.as_tensor(np.ascontiguousarray(image), device=mean.device)
    pixels = pixels.permute(2, 0, 1).unsqueeze(0)
    return (pixels.float() / 255 - mean) / std


class Normaliser:
    """`to_tensor` for many images.

    On a CPU it looks up the value of each byte in a table, which is five times faster.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float], device: torch.device) -> None:
        """Prepare the table.

        Args:
            mean: Mean of RGB in 0..1.
            std: Standard deviation of RGB in 0..1.
            device: Device of the result.
        """
        shape = (1, 3, 1, 1)
        self._mean = torch.tensor(mean, device=device).reshape(shape)
        self._std = torch.tensor(std, device=device).reshape(shape)
        self._table = None
        if device.type == "cpu":
            levels = np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 3, axis=2)
            values = to_tensor(levels, self._mean, self._std)[0].permute(1, 2, 0)
            self._table = np.ascontiguousarray(values.numpy())

    def __call__(self, image: NDArray[np.uint8]) -> Tensor:
        """Normalise an image.

        Args:
            image: uint8 HxWx3 RGB.

        Returns:
            float32 1x3xHxW. On a CPU it has the memory layout of the image.
        """
        if self._table is None:
            return to_tensor(image, self._mean, self._std)
        values = torch.from_numpy(cv2.LUT(image, self._table))
        return values.permute(2, 0, 1).unsqueeze(0)

    def floats(self, rgb: Tensor) -> Tensor:
        """Normalise an image that is not rounded to 8 bits.

        Args:
            rgb: float32 1x3xHxW RGB in 0..1, on the device of the result.

        Returns:
            float32 1x3xHxW.
        """
        return (rgb - self._mean) / self._std
