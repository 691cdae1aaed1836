"""An exported program, such as a graph in ONNX, as a torch module."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from robustbench_seg.errors import ModelError
from robustbench_seg.records.values.image_size import Size
from robustbench_seg.records.values.ranges import MAX_SIDE
from robustbench_seg.segmenter.adapters.programs.answers import logits_of
from robustbench_seg.segmenter.adapters.programs.interface import IMAGE_DTYPES, Interface, Value
from robustbench_seg.segmenter.adapters.programs.sidecar import Sidecar
from robustbench_seg.segmenter.foreign_errors import reason
from robustbench_seg.segmenter.logits_check import refuse_swapped


class Program(nn.Module, ABC):
    """A program as a torch module: float Nx3xHxW -> float logits NxKxhxw.

    The program gets one image at a time, because most are exported for a batch of 1. A program with
    a larger fixed batch gets the last image repeated to fill it.

    Attributes:
        advice: The advice in the error about a wrong image size.
        where: Its name in errors.
        size: The only height and width that it takes. None: any.
        dtype: The type of its input.
        nhwc: Whether it takes NxHxWx3.
        batch: Number of images in its batch.
        answers_nhwc: Whether it returns NxhxwxK.
        channels: Number of channels of its answer. None: not declared.
        integer: Whether it declares its output as integers, which are class indices.
        params: Number of its parameters. None: unknown.
        version: Version of the library that runs it.
        why_no_gradient: Why it has no gradient, as the end of a sentence; None if it has one.
    """

    advice = "give input_size in its TOML file"

    where: str
    version: str
    size: Size | None = None
    dtype: torch.dtype = torch.float32
    nhwc = False
    batch = 1
    answers_nhwc = False
    channels: int | None = None
    integer = False
    params: int | None = None
    why_no_gradient: str | None = "its graph does not run in torch"

    def __init__(self, classes: int | None, sidecar: Sidecar | None) -> None:
        """Set the attributes from the sidecar.

        Args:
            classes: Number of named classes. None: the number of channels of the output.
            sidecar: Its description. None: it maps normalised NCHW to logits.
        """
        super().__init__()
        self._classes = classes
        self._bgr = sidecar is not None and sidecar.channels == "BGR"
        self._labels = sidecar is not None and sidecar.answer == "labels"
        self._threshold = sidecar.threshold if sidecar else None

    def take_interface(self, interface: Interface, sidecar: Sidecar | None) -> tuple[Value, Value]:
        """Set the attributes that the program declares.

        Args:
            interface: Its inputs and outputs.
            sidecar: Its description. None: it maps normalised NCHW to logits.

        Returns:
            The input and the output that are used.

        Raises:
            ModelError: Its inputs or outputs are not supported, or its size differs from that in
                the sidecar.
        """
        single = self._threshold is not None or self._labels
        expected = 1 if single else self._classes
        image = interface.image()
        answer = interface.answer(sidecar.output if sidecar else None, expected, single=single)
        self.dtype = IMAGE_DTYPES[image.type]
        self.nhwc = image.is_nhwc(3, sidecar.layout if sidecar else None, interface.layout)
        self.batch = image.length(0) or 1
        self.size = only_size(
            image.size(nhwc=self.nhwc), sidecar.input_size if sidecar else None, self.where
        )
        self.integer = answer.is_integer
        layout = sidecar.output_layout if sidecar else None
        channels = 1 if self.integer else expected
        self.answers_nhwc = answer.is_nhwc(channels, layout, interface.layout)
        self.channels = answer.channels(nhwc=self.answers_nhwc)
        return image, answer

    @abstractmethod
    def answer(self, images: Tensor) -> Tensor:
        """Run the program.

        Args:
            images: A batch of the program's size, type and layout.

        Returns:
            The answer, on any device.

        Raises:
            Exception: The program does not take images of this size. `forward` converts the error
                of its library, whatever its class.
        """

    @property
    def own_names(self) -> Mapping[str, Sequence[str]]:
        """The class names in the program itself: maps their place, in words, to the names."""
        return {}

    @property
    def takes_bytes(self) -> bool:
        """Whether it takes levels from 0 to 255."""
        return self.dtype is torch.uint8

    @property
    def gives_labels(self) -> bool:
        """Whether it returns class indices."""
        return self.integer or self._labels

    def forward(self, images: Tensor) -> Tensor:
        """Compute logits.

        Args:
            images: Float Nx3xHxW: normalised, or levels of 0 to 255 if the program takes bytes.

        Returns:
            float32 logits NxKxhxw on the device of the images.

        Raises:
            ModelError: The program does not take images of this size, or returns something else.
        """
        device = images.device
        if self.size:
            images = F.interpolate(images, self.size, mode="bilinear", align_corners=False)
        size = (images.shape[2], images.shape[3])
        if self._bgr:
            images = images.flip(1)
        if self.takes_bytes:
            images = images.round().clamp(0, 255)
        images = images.to(self.dtype)
        if self.nhwc:
            images = images.permute(0, 2, 3, 1)
        parts = [images[first : first + self.batch] for first in range(0, len(images), self.batch)]
        logits = torch.cat([each for part in parts for each in self._logits(part)])
        refuse_swapped(logits, size, self.where)
        return logits.to(device)

    def _logits(self, images: Tensor) -> list[Tensor]:
        """Compute float32 logits 1xKxhxw for each of at most `batch` images."""
        given, missing = len(images), self.batch - len(images)
        if missing:
            images = torch.cat([images, images[-1:].expand(missing, -1, -1, -1)])
        answer = self._answer(images.contiguous())
        if self.batch == 1 or len(answer) != self.batch:
            return [self._logits_of(answer)]
        return [self._logits_of(answer[index : index + 1]) for index in range(given)]

    def _answer(self, images: Tensor) -> Tensor:
        try:
            return self.answer(images)
        except (ModelError, torch.OutOfMemoryError):
            raise
        except Exception as error:  # the errors of these libraries have no common base class
            height, width = images.shape[1:3] if self.nhwc else images.shape[2:]
            raise ModelError(
                f"{self.where} does not take an image of {height}x{width} ({reason(error)}); "
                f"{self.advice}"
            ) from error

    def _logits_of(self, answer: Tensor) -> Tensor:
        classes = self._classes or (answer.shape[1] if answer.ndim == 4 else 0)
        return logits_of(
            answer,
            classes,
            self._threshold,
            self.where,
            channels_last=self.answers_nhwc,
            labels=self._labels,
        )


def only_size(fixed: Size | None, size: Size | None, where: str) -> Size | None:
    """Return the fixed height and width of images in the program or the sidecar.

    Args:
        fixed: The size that the program declares. None: it declares none.
        size: The size in the sidecar. None: it has none.
        where: The model's name in errors.

    Returns:
        The size, or None if any size is possible.

    Raises:
        ModelError: The two differ, or the size is impossible.
    """
    if fixed and not 1 <= min(fixed) <= max(fixed) <= MAX_SIDE:
        raise ModelError(
            f"{where}: it takes only {fixed[0]}x{fixed[1]}, which is not a size of an image; "
            "export it again"
        )
    if size and fixed and size != fixed:
        raise ModelError(
            f"{where}: input_size is {size[0]}x{size[1]}, but the graph takes {fixed[0]}x{fixed[1]}"
        )
    return size or fixed
