"""A segmenter that prepares each image with the image processor of its model."""

from typing import Any

import torch

from robustbench_seg.segmenter.adapters.transformers.image_processor import ImageProcessor
from robustbench_seg.segmenter.float_image import FloatImage, Image
from robustbench_seg.segmenter.labelling.window_logits import WindowLogits
from robustbench_seg.segmenter.network_segmenter import NetworkSegmenter


class ProcessedSegmenter(NetworkSegmenter):
    """A network of transformers that gets images as its own image processor prepares them."""

    def __init__(self, network: Any, *, processor: ImageProcessor, **others: Any) -> None:
        """Keep the processor.

        Args:
            network: A TransformersNetwork.
            processor: Its image processor.
            **others: See NetworkSegmenter.
        """
        super().__init__(network, **others)
        self._processor = processor
        self._bytes_only = True

    @property
    def why_no_gradient(self) -> str | None:
        """See NetworkSegmenter."""
        return (
            "its image processor rounds images to 8 bits; choose the input size native, or height "
            "and width"
        )

    def _unchecked_logits(self, image: Image) -> WindowLogits:
        assert not isinstance(image, FloatImage)  # the segmenter takes bytes only
        size = (image.shape[0], image.shape[1])
        inputs = {
            name: value.to(self._device) if isinstance(value, torch.Tensor) else value
            for name, value in self._processor(image).items()
        }
        answer = self._network.processed(inputs, size, self._processor.edges)
        return WindowLogits(answer.float(), ((0, 0),), size, size)
