"""Bilinear interpolation along one axis at a time, with the weights of torch."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Taps = tuple[NDArray[np.uint32], NDArray[np.float32]]
"""The positions of the pixels of an axis between logits (see `taps`)."""


def taps(small: int, large: int, *, align_corners: bool) -> Taps:
    """Compute the positions of the pixels of a long axis on a short one.

    Args:
        small: Length of the short axis, in logits.
        large: Length of the long axis, in pixels.
        align_corners: Whether the end points of the two axes coincide.

    Returns:
        For each pixel, the uint32 index before it, and the float32 weight, in 0..1, of the index
        after it. The weights are those of torch, which rounds position x scale - 1/2 once.

    >>> taps(2, 4, align_corners=False)
    (array([0, 0, 0, 1], dtype=uint32), array([0.  , 0.25, 0.75, 0.25], dtype=float32))
    """
    pixels = np.arange(large, dtype=np.float64)
    if align_corners:
        scale = np.float32(small - 1) / np.float32(max(large - 1, 1))
        place = (pixels * scale).astype(np.float32)
    else:
        scale = np.float32(small) / np.float32(large)
        place = np.maximum((pixels + 0.5) * np.float64(scale) - 0.5, 0).astype(np.float32)
    index = np.minimum(place.astype(np.uint32), np.uint32(small - 1))
    return index, np.clip(place - index.astype(np.float32), 0, 1)


def on_device(axis: Taps, device: torch.device) -> tuple[Tensor, Tensor]:
    """Move taps to a device, in the type that index_select needs."""
    index, weight = axis
    return torch.from_numpy(index.astype(np.int64)).to(device), torch.from_numpy(weight).to(device)


def interpolate(x: Tensor, taps: tuple[Tensor, Tensor], axis: int) -> Tensor:
    """Interpolate along an axis of three.

    Args:
        x: Float, three axes.
        taps: The positions of the new pixels between the old ones (see `on_device`).
        axis: The axis.

    Returns:
        Float, with as many pixels along the axis as there are taps.
    """
    near, weight = taps
    far = (near + 1).clamp(max=x.shape[axis] - 1)
    weight = weight.reshape([-1 if axis == i else 1 for i in range(3)])
    return x.index_select(axis, near) * (1 - weight) + x.index_select(axis, far) * weight
