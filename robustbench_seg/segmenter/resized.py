"""Images at the size at which a network sees them, where that is another than their own."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from robustbench_seg.records.model_card import Resize

RESIZE_LAW = 2
"""Raised whenever an image is scaled otherwise; 1 scaled once where a multiple is asked for."""


def resized_size(height: int, width: int, resize: Resize) -> tuple[int, int]:
    """Height and width that an image is scaled to, as OpenMMLab computes them.

    >>> resized_size(1024, 2048, Resize(768, 1536)), resized_size(500, 333, Resize(512, 2048, 32))
    ((768, 1536), (800, 512))
    """
    high, wide = _fitted(height, width, resize)
    return _raised(high, resize.multiple), _raised(wide, resize.multiple)


def scaled(image: NDArray[np.uint8], resize: Resize) -> NDArray[np.uint8]:
    """An image, uint8 HxWx3, as the network sees it: bilinear, as OpenCV does.

    Fitted in first, its ratio kept, then scaled once more to the multiple: two roundings, as in the
    released evaluation of SegFormer on ADE20K.
    """
    height, width = image.shape[:2]
    high, wide = _fitted(height, width, resize)
    fitted = cv2.resize(image, (wide, high), interpolation=cv2.INTER_LINEAR)
    if resize.multiple > 1:
        size = _raised(wide, resize.multiple), _raised(high, resize.multiple)
        fitted = cv2.resize(fitted, size, interpolation=cv2.INTER_LINEAR)
    return fitted.astype(np.uint8)


def _fitted(height: int, width: int, resize: Resize) -> tuple[int, int]:
    scale = resize.scale(height, width)
    return int(height * scale + 0.5), int(width * scale + 0.5)


def _raised(side: int, multiple: int) -> int:
    return math.ceil(side / multiple) * multiple
