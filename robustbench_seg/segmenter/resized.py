"""Images at the size at which a network sees them, where that is another than their own."""

import cv2
import numpy as np
from numpy.typing import NDArray

from robustbench_seg.records.model_card import Resize

RESIZE_LAW = 2
"""Raised whenever an image is scaled otherwise; 1 scaled once where a multiple is asked for."""


def scaled(image: NDArray[np.uint8], resize: Resize) -> NDArray[np.uint8]:
    """An image, uint8 HxWx3, as the network sees it: bilinear, as OpenCV does.

    Fitted in first, its ratio kept, then scaled once more to the multiple: two roundings, as in the
    released evaluation of SegFormer on ADE20K.
    """
    height, width = image.shape[:2]
    high, wide = resize.fitted(height, width)
    fitted = cv2.resize(image, (wide, high), interpolation=cv2.INTER_LINEAR)
    if resize.multiple > 1:
        high, wide = resize.size(height, width)
        fitted = cv2.resize(fitted, (wide, high), interpolation=cv2.INTER_LINEAR)
    return fitted.astype(np.uint8)
