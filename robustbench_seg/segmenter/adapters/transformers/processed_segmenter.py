"""A segmenter that prepares each image with the image processor of its model."""

import torch

from robustbench_seg.segmenter.float_image import AnyImage, FloatImage
from robustbench_seg.segmenter.labelling.window_logits import WindowLogits
from robustbench_seg.segmenter.network_segmenter import NetworkSegmenter


class ProcessedSegmenter(NetworkSegmenter):
    """A TransformersNetwork whose image processor prepares the images."""

    def _unchecked_logits(self, image: AnyImage) -> WindowLogits:
        assert not isinstance(image, FloatImage)  # the network takes only 8-bit images
        size = (image.shape[0], image.shape[1])
        inputs = {
            name: value.to(self._device) if isinstance(value, torch.Tensor) else value
            for name, value in self._network.processor(image).items()
        }
        answer = self._network.processed(inputs, size)
        return WindowLogits(answer.float(), ((0, 0),), size, size)
