"""A model of transformers as a network that maps images to logits."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from robustbench_seg.errors import ModelError
from robustbench_seg.segmenter.adapters.transformers.image_processor import (
    ImageProcessor,
    ModelInputs,
)
from robustbench_seg.segmenter.foreign_errors import reason
from robustbench_seg.segmenter.logits_check import checked_logits


class TransformersNetwork(nn.Module):
    """A semantic segmentation model of transformers.

    Attributes:
        gives_scores: Whether it returns scores of 0 or more instead of logits.
        model: The model, in float32 and eval mode.
        size: Height and width to which images are scaled. None: they keep their own size.
        processor: The image processor that prepares images. None: they need none.
    """

    gives_scores = False

    def __init__(
        self,
        model: nn.Module,
        classes: int,
        where: str,
        *,
        bgr: bool = False,
        size: tuple[int, int] | None = None,
        processor: ImageProcessor | None = None,
    ) -> None:
        """Store the model and how it gets images.

        Args:
            model: The model.
            classes: Number of its classes.
            where: The model's name in errors.
            bgr: Whether it takes blue first.
            size: See the class.
            processor: See the class.
        """
        super().__init__()
        self.model, self.size, self.processor = model, size, processor
        self._classes, self._where, self._bgr = classes, where, bgr

    @property
    def takes_bytes(self) -> bool:
        """Whether it takes only 8-bit images."""
        return self.processor is not None

    @property
    def why_no_gradient(self) -> str | None:
        """See NetworkSegmenter."""
        if self.processor is None:
            return None
        return (
            "its image processor rounds images to 8 bits; choose the input size native, or a "
            "height and width"
        )

    def forward(self, images: Tensor) -> Tensor:
        """Compute logits, or scores.

        Args:
            images: Float Nx3xHxW, normalised RGB.

        Returns:
            Float NxKxhxw.

        Raises:
            ModelError: The model does not take images of this size, or does not return logits.
        """
        if self.size:
            images = F.interpolate(
                images, self.size, mode="bilinear", align_corners=False, antialias=True
            )
        return self._native(images.flip(1) if self._bgr else images)

    def processed(self, inputs: ModelInputs, image: tuple[int, int]) -> Tensor:
        """Compute logits, or scores, from the output of the model's image processor.

        They equal those that the processor's post_process_semantic_segmentation upsamples to the
        image.

        Args:
            inputs: The processor's output for one image, with pixel_values of Nx3xhxw.
            image: Height and width of the image.

        Returns:
            Float 1xKxhxw.

        Raises:
            ModelError: The model does not take these inputs, or does not return logits.
        """
        return checked_logits(
            self._run(inputs).logits, inputs["pixel_values"], self._classes, self._where
        )

    def _native(self, images: Tensor) -> Tensor:
        answer = self._run({"pixel_values": images})
        return checked_logits(answer.logits, images, self._classes, self._where)

    def _run(self, inputs: ModelInputs) -> Any:
        try:
            return self.model(**inputs)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:  # a wrong configuration can raise anything here
            height, width = inputs["pixel_values"].shape[2:]
            raise ModelError(
                f"{self._where} does not take an image of {height}x{width} ({reason(error)})"
            ) from error
