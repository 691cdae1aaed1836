"""Scales images to the input size of a network."""

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from robustbench_seg.records.values.preprocessing import Resize

RESIZE_LAW = 2
"""Increment when the scaling of images changes. Law 1 scaled only once to reach a multiple."""


def scaled(image: NDArray[np.uint8], resize: Resize) -> NDArray[np.uint8]:
    """Scale an image to the input size of the network, bilinearly, with OpenCV.

    The image is first scaled with its aspect ratio kept, then scaled again to the multiple. So
    values are rounded twice, as in the released evaluation of SegFormer on ADE20K.

    Args:
        image: uint8 HxWx3.
        resize: The size.

    Returns:
        uint8 hxwx3.
    """
    height, width = image.shape[:2]
    high, wide = resize.fitted(height, width)
    fitted = cv2.resize(image, (wide, high), interpolation=cv2.INTER_LINEAR)
    if resize.multiple > 1:
        high, wide = resize.size(height, width)
        fitted = cv2.resize(fitted, (wide, high), interpolation=cv2.INTER_LINEAR)
    return fitted.astype(np.uint8)


def scaled_floats(image: Tensor, resize: Resize) -> Tensor:
    """Scale an image as `scaled` does, without rounding.

    Args:
        image: Float 1x3xHxW.
        resize: The size.

    Returns:
        Float 1x3xhxw. It can be differentiated.
    """
    height, width = image.shape[2:]
    fitted = F.interpolate(image, resize.fitted(height, width), mode="bilinear")
    if resize.multiple > 1:
        return F.interpolate(fitted, resize.size(height, width), mode="bilinear")
    return fitted
