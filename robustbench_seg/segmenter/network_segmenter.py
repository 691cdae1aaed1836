"""A torch network with its preprocessing and inference mode as a segmenter."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from robustbench_seg.datasets import IGNORE
from robustbench_seg.errors import ModelError
from robustbench_seg.machine.precision import PRECISIONS, exact_float32
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.preprocessing import Inference
from robustbench_seg.segmenter.float_image import AnyImage
from robustbench_seg.segmenter.image_check import check_truth, checked_image, checked_tensor
from robustbench_seg.segmenter.inference.device_memory import memory_errors
from robustbench_seg.segmenter.inference.window_gradient import Loss, frozen, loss_gradient
from robustbench_seg.segmenter.inference.windows import Batch, cut_windows, slide, whole
from robustbench_seg.segmenter.labelling.confidence import (
    Labelled,
    label_map_with_confidence,
    label_with_confidence,
    log_shares,
)
from robustbench_seg.segmenter.labelling.labels import label
from robustbench_seg.segmenter.labelling.window_logits import Output, WindowLogits
from robustbench_seg.segmenter.preparation import Preparation


class NetworkSegmenter:
    """A torch network with its preprocessing and inference mode.

    The network maps a normalised float Nx3xHxW batch to logits NxKxhxw of any size and is in eval
    mode. It may have three further attributes:

    * `gives_scores`: true if it returns scores of 0 or more, not logits, like mask classifiers.
    * `takes_bytes`: true if it takes only 8-bit images.
    * `why_no_gradient`: why it has no gradient, as the end of a sentence; None if it has one.

    A result never depends on other images: a batch is made of windows of one image. On a CPU it
    does not depend on the batch either, because windows are processed one by one.

    Labels are not computed in torch's inference mode: a network that keeps tensors of that mode,
    such as position encodings, could not give gradients later.

    If the record has a grid, a whole image is padded with the mean pixel, on the right and below,
    until each side is a multiple of the grid plus 1.

    Attributes:
        name: Its name in every table.
        classes: The classes that it predicts, in the order of the label indices.
        record: Everything about it that decides a label.
        about: Further facts for readers, not part of the key.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        name: str,
        classes: tuple[str, ...],
        record: SegmenterRecord,
        about: ModelFacts,
        device: str = "cpu",
        batch: int = 1,
    ) -> None:
        """Move the network to the device.

        Args:
            network: The network, in eval mode.
            name: The name in every table.
            classes: Class names, in the order of the logits.
            record: Everything that decides a label. Its preprocessing is needed; without an
                inference mode the network gets the whole image; without a precision it computes in
                float32.
            about: Further facts for readers.
            device: Torch device.
            batch: Number of windows that a GPU gets at once. The number is reduced if memory is
                short.
        """
        self.name = name
        self.classes = classes
        self.record = record
        self.about = about
        self._device = torch.device(device)
        self._dtype = PRECISIONS[record.precision or "float32"]
        exact_float32()
        # The type stubs of torch lack the overload for the memory format.
        self._network = network.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._inference = record.inference or Inference("whole")
        self._batch = Batch(1 if self._device.type == "cpu" else batch)
        self._prepare = Preparation(record, self._device)
        self._output: Output = "scores" if getattr(network, "gives_scores", False) else "logits"
        self._bytes_only = bool(getattr(network, "takes_bytes", False))

    @property
    def device(self) -> torch.device:
        """The torch device of its network."""
        return self._device

    @property
    def network(self) -> nn.Module:
        """Its network, in eval mode."""
        network: nn.Module = self._network
        return network

    @property
    def why_no_gradient(self) -> str | None:
        """Why it has no gradient, as the end of a sentence; None if it has one."""
        reason: str | None = getattr(self._network, "why_no_gradient", None)
        if reason is None and self._bytes_only:
            return "it takes images of 8 bits only"
        if reason is None and self._dtype is not torch.float32:
            return f"it computes in {self.record.precision}, and a gradient needs float32"
        return reason

    def __call__(self, image: AnyImage) -> NDArray[np.uint8]:
        """Label an image.

        Args:
            image: uint8 HxWx3 RGB, or a FloatImage.

        Returns:
            uint8 HxW class indices.

        Raises:
            ModelError: The image has another form, the logits are not finite, or the device has too
                little memory.
        """
        image = self._checked_image(image)
        height, width = image.shape[:2]
        with torch.no_grad(), memory_errors(height, width):
            if self.record.resize:
                indices = self.logits(image).argmax(1)[0].to(torch.uint8)
            else:
                indices = label(self._window_logits(image))[:height, :width]
            labels: NDArray[np.uint8] = indices.cpu().numpy()
        return np.ascontiguousarray(labels)

    def with_confidence(
        self, image: AnyImage, truth: NDArray[np.uint8], temperatures: Sequence[float]
    ) -> Labelled:
        """Label an image, with the confidence of each label.

        Args:
            image: uint8 HxWx3 RGB, or a FloatImage.
            truth: uint8 HxW class indices, of which two losses are summed; those from K on are not
                scored.
            temperatures: Divisors of the logits before the softmax, above 0.

        Returns:
            The labels, as from a call of the segmenter, and the confidence at each temperature.

        Raises:
            ModelError: As for a call; or the truth has another size.
        """
        image = self._checked_image(image)
        height, width = image.shape[:2]
        check_truth(truth, (height, width), self.name)
        with torch.no_grad(), memory_errors(height, width):
            if self.record.resize:
                return label_map_with_confidence(self.logits(image)[0], truth, temperatures)
            windows = self._window_logits(image)
            padding = [(0, side - own) for side, own in zip(windows.size, truth.shape, strict=True)]
            padded = np.pad(truth, padding, constant_values=IGNORE)
            labels, found = label_with_confidence(windows, padded, temperatures)
        cut = [replace(one, doubt=one.doubt[:height, :width]) for one in found]
        return np.ascontiguousarray(labels[:height, :width]), tuple(cut)

    @torch.no_grad()
    def logits(self, image: AnyImage) -> torch.Tensor:
        """Compute logits at the size of the image.

        If the record has a resize, the image is scaled first and the logits are scaled back.

        Args:
            image: uint8 HxWx3 RGB, or a FloatImage.

        Returns:
            float32 1xKxHxW.

        Raises:
            ModelError: The image has another form, or the logits are not finite.
        """
        image = self._checked_image(image)
        upsampled = self._window_logits(image).upsampled()
        return self._prepare.at_size_of_image(upsampled, image.shape[0], image.shape[1])

    def loss_gradient(self, image: torch.Tensor, loss: Loss) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute logits, and the gradient of their loss with respect to the image.

        See DifferentiableSegmenter. Only one window at a time has a graph.

        Args:
            image: float32 3xHxW RGB in 0..1, on the segmenter's device.
            loss: Maps float32 logits KxHxW to a scalar.

        Returns:
            float32 logits KxHxW without a graph, and the gradient of the loss, float32 3xHxW.

        Raises:
            ModelError: The segmenter or the loss has no gradient, the image has another form,
                logits or gradient are not finite, or the device has too little memory.
        """
        if reason := self.why_no_gradient:
            raise ModelError(f"{self.name} gives no gradient: {reason}")
        checked_tensor(image, self._device, self.name)
        height, width = image.shape[1:]

        def finish(output: torch.Tensor) -> torch.Tensor:
            values = self._prepare.at_size_of_image(output, height, width)
            return log_shares(values) if self._output == "scores" else values

        with frozen(self._network), memory_errors(height, width, "another device"):
            return loss_gradient(
                image[None],
                loss,
                prepare=self._prepare.floats,
                single=self._in_one_window,
                run=lambda inputs: self._checked(self._run(inputs)),
                finish=finish,
                name=self.name,
            )

    def network_inputs(self, image: AnyImage) -> list[torch.Tensor]:
        """Prepare the inputs of the network for an image: its windows, or the whole image, padded.

        Args:
            image: uint8 HxWx3 RGB, or a FloatImage.

        Returns:
            float32 1x3xhxw each, normalised, on the segmenter's device.
        """
        batch = self._prepare(self._checked_image(image))
        return (
            cut_windows(batch, *self._windows) if self._windows else [self._prepare.padded(batch)]
        )

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Run the network on inputs of `network_inputs`, in the segmenter's precision.

        Args:
            inputs: float32 Nx3xhxw.

        Returns:
            The network's output, NxKxh'xw'.
        """
        with torch.no_grad(), self._precision():
            output: torch.Tensor = self._network(inputs)
        return output

    def __repr__(self) -> str:
        return f"<segmenter {self.name}: {len(self.classes)} classes, {self._device}>"

    def _checked_image(self, image: object) -> AnyImage:
        return checked_image(image, self.name, bytes_only=self._bytes_only)

    def _window_logits(self, image: AnyImage) -> WindowLogits:
        with self._precision():
            return self._checked(self._unchecked_logits(image))

    def _precision(self) -> torch.autocast:
        mixed = self._dtype is not torch.float32
        return torch.autocast(self._device.type, dtype=self._dtype, enabled=mixed)

    def _unchecked_logits(self, image: AnyImage) -> WindowLogits:
        return self._run(self._prepare(image))

    @property
    def _windows(self) -> tuple[int, int] | None:
        """Side and stride of its windows, in pixels. None: the network gets whole images."""
        crop, stride = self._inference.crop, self._inference.stride
        return (crop, stride) if crop and stride else None

    def _checked(self, windows: WindowLogits) -> WindowLogits:
        logits = windows.logits
        if not logits.is_contiguous():  # aminmax is slow unless it reads in memory order
            logits = logits.movedim(1, -1)
        if not torch.isfinite(torch.stack(torch.aminmax(logits))).all():
            hint = "" if self._dtype is torch.float32 else "; try precision float32"
            raise ModelError(f"{self.name}: its logits are NaN or infinite{hint}")
        return replace(windows, output=self._output)

    def _run(self, batch: torch.Tensor) -> WindowLogits:
        align = self.record.align_corners
        if self._windows:
            return slide(
                self._network, batch, *self._windows, align_corners=align, batch=self._batch
            )
        return whole(self._network, self._prepare.padded(batch), align_corners=align)

    def _in_one_window(self, batch: torch.Tensor) -> bool:
        return self._windows is None or max(batch.shape[2:]) <= self._windows[0]
