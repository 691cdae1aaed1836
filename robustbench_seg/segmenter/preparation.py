"""Prepares the input of a network from an image, and scales logits back to the image."""

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from robustbench_seg.records.runs.segmenter_record import SegmenterRecord
from robustbench_seg.segmenter.float_image import AnyImage, FloatImage
from robustbench_seg.segmenter.inference.normaliser import Normaliser
from robustbench_seg.segmenter.inference.resizing import scaled, scaled_floats


class Preparation:
    """Scaling, normalisation and padding of images according to a record."""

    def __init__(self, record: SegmenterRecord, device: torch.device) -> None:
        """Read the record.

        Args:
            record: Record of the network, with its preprocessing.
            device: Device of the network.
        """
        assert record.preprocessing is not None
        self._record, self._resize = record, record.resize
        self._align, self._device = record.align_corners, device
        self._normalise = Normaliser(record.preprocessing.mean, record.preprocessing.std, device)

    def __call__(self, image: AnyImage) -> Tensor:
        """Scale and normalise an image.

        Args:
            image: uint8 HxWx3 RGB, or a FloatImage.

        Returns:
            float32 1x3xhxw.
        """
        if isinstance(image, FloatImage):
            return self.floats(self._tensor(image))
        return self._normalise(scaled(image, self._resize) if self._resize else image)

    def floats(self, rgb: Tensor) -> Tensor:
        """Scale and normalise an image that is not rounded.

        Args:
            rgb: float32 1x3xHxW in 0..1.

        Returns:
            float32 1x3xhxw. It can be differentiated.
        """
        return self._normalise.floats(scaled_floats(rgb, self._resize) if self._resize else rgb)

    def at_scale(self, image: AnyImage, scale: float) -> Tensor:
        """Scale an image in one step to `scale` times the input size of the network.

        Args:
            image: uint8 HxWx3 RGB, which is rounded to 8 bits again, or a FloatImage.
            scale: The factor.

        Returns:
            float32 1x3xhxw, normalised.
        """
        height, width = self._record.scaled_size(image.shape[0], image.shape[1], scale)
        if isinstance(image, FloatImage):
            rgb = F.interpolate(self._tensor(image), (height, width), mode="bilinear")
            return self._normalise.floats(rgb.contiguous(memory_format=torch.channels_last))
        resized = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
        return self._normalise(resized.astype(np.uint8))

    def padded(self, batch: Tensor) -> Tensor:
        """Pad images to the network's grid, on the right and below, with the mean pixel.

        Args:
            batch: float32 1x3xhxw, normalised.

        Returns:
            float32 1x3xh'xw'. If nothing is to be padded, it is the batch itself.
        """
        below, right = self._record.padding(batch.shape[2], batch.shape[3])
        return F.pad(batch, (0, right, 0, below)) if below or right else batch

    def at_size_of_image(self, logits: Tensor, height: int, width: int) -> Tensor:
        """Cut off the padding, and scale logits to the size of the image.

        Args:
            logits: float32 1xKxh'xw', at the size of the padded image.
            height: Height of the image, in pixels.
            width: Its width.

        Returns:
            float32 1xKxHxW.
        """
        if self._resize is None:
            return logits[..., :height, :width]
        high, wide = self._record.scaled_size(height, width)
        return F.interpolate(
            logits[..., :high, :wide],
            (height, width),
            mode="bilinear",
            align_corners=self._align,
        )

    def _tensor(self, image: FloatImage) -> Tensor:
        rgb = torch.as_tensor(np.ascontiguousarray(image.values), device=self._device)
        return rgb.permute(2, 0, 1).unsqueeze(0)
