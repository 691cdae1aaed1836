"""Mask classifiers of transformers: MaskFormer, Mask2Former, OneFormer, EoMT and DETR.

At native size they run as in the original code's evaluation of Cityscapes: the image is padded to a
multiple of the network's divisor, and masks are upsampled to the padded size, cropped to the image,
and combined at its size. With the image processor they run as in transformers, quirks included:
masks are combined at the size `combined_at`, with the padding, and the scores are scaled to the
image.
"""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from robustbench_seg.errors import ModelError
from robustbench_seg.segmenter.adapters.transformers.image_processor import Edges, ModelInputs
from robustbench_seg.segmenter.adapters.transformers.mask_scores import combine_masks
from robustbench_seg.segmenter.adapters.transformers.network import TransformersNetwork
from robustbench_seg.segmenter.foreign_errors import reason


@dataclass(frozen=True)
class MaskKind:
    """The settings of one family of mask classifiers.

    Attributes:
        divisor: At native size, sides of images are padded to a multiple of it, in pixels.
        combined_at: The size at which transformers combines the masks: their own size, a fixed
            size, or the size of the windows that the image processor cuts.
        classes: Name of the output with the classes of the queries.
        masks: Name of the output with the masks.
    """

    divisor: int
    combined_at: tuple[int, int] | Literal["masks", "windows"] = "masks"
    classes: str = "class_queries_logits"
    masks: str = "masks_queries_logits"


MASK_KINDS = {
    "maskformer": MaskKind(32),
    "mask2former": MaskKind(32, combined_at=(384, 384)),
    "oneformer": MaskKind(32),
    "eomt": MaskKind(1, combined_at="windows"),
    "eomt_dinov3": MaskKind(1, combined_at="windows"),
    "detr": MaskKind(1, classes="logits", masks="pred_masks"),
}
"""Maps transformers' model_type to the kind. SIZE_DIVISIBILITY is 32 in the original
configurations.
"""


class MaskClassifier(TransformersNetwork):
    """A mask classifier of transformers."""

    gives_scores = True

    def __init__(
        self,
        model: nn.Module,
        classes: int,
        where: str,
        *,
        task: Tensor | None = None,
        **images: Any,
    ) -> None:
        """Store the model and its inputs.

        Args:
            model: The model.
            classes: Number of its classes.
            where: The model's name in errors.
            task: Tokens of OneFormer's task, int64 1xL. None: the model needs none.
            **images: bgr, size and processor of TransformersNetwork.
        """
        super().__init__(model, classes, where, **images)
        config: Any = model.config
        self._kind = MASK_KINDS[config.model_type]
        self.task: Tensor | None
        self.register_buffer("task", task, persistent=False)

    def processed(self, inputs: ModelInputs, image: tuple[int, int]) -> Tensor:
        """See TransformersNetwork."""
        edges = self.processor.edges if self.processor else None
        offsets = inputs.get("patch_offsets")
        inputs = {name: value for name, value in inputs.items() if name != "patch_offsets"}
        size = self._kind.combined_at
        if size == "windows":
            if not edges:
                raise ModelError(f"{self._where}: its image processor has no shortest_edge")
            size = edges.shortest, edges.longest or edges.shortest
        scores = combine_masks(*self._answer(inputs), size=None if size == "masks" else size)
        if not offsets or not edges:
            return scores
        try:
            return _merged(scores, offsets, image, edges)
        except RuntimeError as error:
            raise ModelError(
                f"{self._where}: the windows of its image processor do not cover an image of "
                f"{image[0]}x{image[1]} ({reason(error)})"
            ) from error

    def _native(self, images: Tensor) -> Tensor:
        height, width = images.shape[2:]
        divisor = self._kind.divisor
        padded = F.pad(images, (0, -width % divisor, 0, -height % divisor))
        size = (padded.shape[2], padded.shape[3])
        return combine_masks(
            *self._answer({"pixel_values": padded}), size=size, kept=(height, width)
        )

    def _answer(self, inputs: ModelInputs) -> tuple[Tensor, Tensor]:
        """Return the classes and masks of the queries."""
        images = len(inputs["pixel_values"])
        if self.task is not None:
            inputs = {**inputs, "task_inputs": self.task.expand(images, -1)}
        answer = self._run(inputs)
        classes, masks = (getattr(answer, name) for name in (self._kind.classes, self._kind.masks))
        if classes.shape[-1] != self._classes + 1:
            raise ModelError(
                f"{self._where}: its queries predict {classes.shape[-1] - 1} classes, but "
                f"{self._classes} are named"
            )
        return classes, masks


def _merged(scores: Tensor, offsets: Any, image: tuple[int, int], edges: Edges) -> Tensor:
    """Average windows along the longer side of a scaled image, as EoMT's processor does.

    Args:
        scores: NxKxhxw of N windows.
        offsets: For each window, the index of its image, its start and its end, in pixels.
        image: Height and width of the image.
        edges: Edges of the scaled image.

    Returns:
        KxHxW of the scaled image.
    """
    from transformers.image_transforms import get_size_with_aspect_ratio

    size = get_size_with_aspect_ratio(image, edges.shortest, edges.longest)
    total = torch.zeros(scores.shape[1], *size, device=scores.device)
    count = torch.zeros(1, *size, device=scores.device)
    for values, (_, start, end) in zip(scores, offsets, strict=True):
        window = slice(int(start), int(end))
        here = (window, slice(None)) if image[0] > image[1] else (slice(None), window)
        total[(slice(None), *here)] += values
        count[(slice(None), *here)] += 1
    return (total / count.clamp(min=1))[None]
