"""A segmenter whose network sees the image at another size, as some models are evaluated."""

import math

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from robustbench_seg.records.model_card import Resize
from robustbench_seg.segmenter.images import checked_image
from robustbench_seg.segmenter.segmenter import NetworkSegmenter, fitting_memory

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


class ResizedSegmenter:
    """Scale the image (see scaled), segment it, scale the logits back (bilinear)."""

    def __init__(self, segmenter: NetworkSegmenter, resize: Resize) -> None:
        self._segmenter, self._resize = segmenter, resize
        self.name, self.classes = segmenter.name, segmenter.classes
        self.record, self.about = segmenter.record, segmenter.about

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """uint8 HxWx3 RGB -> uint8 HxW class indices."""
        image = checked_image(image, self.name)
        height, width = image.shape[:2]
        with torch.inference_mode(), fitting_memory(image):
            logits = self._segmenter.logits(scaled(image, self._resize))
            logits = F.interpolate(
                logits, (height, width), mode="bilinear", align_corners=self.record.align_corners
            )
            labels: NDArray[np.uint8] = logits.argmax(1)[0].to(torch.uint8).cpu().numpy()
        return labels

    def __repr__(self) -> str:
        return repr(self._segmenter)
