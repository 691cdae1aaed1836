"""A segmenter whose network sees the image at another size, as some models are evaluated."""

import math
from dataclasses import asdict

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from robustbench_seg.model_cards import Resize
from robustbench_seg.segmenter.segmenter import NetworkSegmenter


def resized_size(height: int, width: int, resize: Resize) -> tuple[int, int]:
    """Height and width that an image is scaled to, as OpenMMLab computes them.

    >>> resized_size(1024, 2048, Resize(768, 1536)), resized_size(500, 333, Resize(512, 2048, 32))
    ((768, 1536), (800, 512))
    """
    scale = resize.scale(height, width)
    sides = (int(side * scale + 0.5) for side in (height, width))
    high, wide = (math.ceil(side / resize.multiple) * resize.multiple for side in sides)
    return high, wide


class ResizedSegmenter:
    """Scale the image (bilinear, as OpenCV does), segment it, scale the logits back (bilinear).

    align_corners: how the logits are scaled back; as the network was trained
    """

    def __init__(
        self, segmenter: NetworkSegmenter, resize: Resize, align_corners: bool = False
    ) -> None:
        self._segmenter, self._resize, self._align = segmenter, resize, align_corners
        self.name, self.classes, self.about = segmenter.name, segmenter.classes, segmenter.about
        self.facts = {**segmenter.facts, "resize": asdict(resize)}

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """uint8 HxWx3 RGB -> uint8 HxW class indices."""
        height, width = image.shape[:2]
        high, wide = resized_size(height, width, self._resize)
        scaled = cv2.resize(image, (wide, high), interpolation=cv2.INTER_LINEAR)
        with torch.inference_mode():
            logits = self._segmenter.logits(scaled.astype(np.uint8))
            logits = F.interpolate(
                logits, (height, width), mode="bilinear", align_corners=self._align
            )
            labels: NDArray[np.uint8] = logits.argmax(1)[0].to(torch.uint8).cpu().numpy()
        return labels
