"""A segmenter with test-time augmentation: it averages its predictions for views of an image."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from robustbench_seg.segmenter.float_image import AnyImage
from robustbench_seg.segmenter.image_check import check_truth
from robustbench_seg.segmenter.inference.device_memory import memory_errors
from robustbench_seg.segmenter.labelling.confidence import Labelled, logarithms
from robustbench_seg.segmenter.labelling.views import (
    View,
    average,
    label_views,
    label_views_with_confidence,
)
from robustbench_seg.segmenter.network_segmenter import NetworkSegmenter

AUGMENTATION_LAW = 1
"""Increment when the labels for the same views change."""


class AugmentedSegmenter(NetworkSegmenter):
    """A torch network that labels an image by the average of its views (see `views`).

    The record has the views, and the padding, windows and normalisation of each. A view is
    scaled in one step from the image to its scale times the input size of the network. As in
    OpenMMLab, it is rounded to 8 bits, unless the image is a FloatImage.
    """

    @property
    def why_no_gradient(self) -> str | None:
        """See NetworkSegmenter."""
        return "it averages its predictions for several views of an image"

    def __call__(self, image: AnyImage) -> NDArray[np.uint8]:
        """See NetworkSegmenter."""
        image = self._checked_image(image)
        size = (image.shape[0], image.shape[1])
        with torch.no_grad(), memory_errors(*size):
            labels: NDArray[np.uint8] = label_views(self._views(image), size).cpu().numpy()
        return labels

    def with_confidence(
        self, image: AnyImage, truth: NDArray[np.uint8], temperatures: Sequence[float]
    ) -> Labelled:
        """See NetworkSegmenter. The confidence is the largest of the averaged probabilities."""
        image = self._checked_image(image)
        size = (image.shape[0], image.shape[1])
        check_truth(truth, size, self.name)
        with torch.no_grad(), memory_errors(*size):
            return label_views_with_confidence(self._views(image), truth, temperatures)

    @torch.no_grad()
    def logits(self, image: AnyImage) -> torch.Tensor:
        """Compute the logarithms of the averaged probabilities at the size of the image.

        Args:
            image: uint8 HxWx3 RGB, or a FloatImage.

        Returns:
            float32 1xKxHxW.

        Raises:
            ModelError: As for NetworkSegmenter.
        """
        image = self._checked_image(image)
        size = (image.shape[0], image.shape[1])
        return logarithms(average(self._views(image), size))[None]

    def _views(self, image: AnyImage) -> list[View]:
        augment, views = self.record.augment, list[View]()
        assert augment is not None
        for scale, flip in augment.views:
            batch = self._prepare(image) if scale == 1 else self._prepare.at_scale(image, scale)
            height, width = batch.shape[2:]
            with self._precision():
                windows = self._checked(self._run(batch.flip(3) if flip else batch))
            views.append(View(windows, (height, width), flip))
        return views
