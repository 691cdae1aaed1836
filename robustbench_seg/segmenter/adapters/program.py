"""An exported program, such as a graph in ONNX, as a network, and its segmenter."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from robustbench_seg.datasets import class_names
from robustbench_seg.errors import CardError, ModelError
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.image_size import Size
from robustbench_seg.records.values.preprocessing import Inference
from robustbench_seg.records.values.ranges import MAX_SIDE
from robustbench_seg.segmenter.adapters.sidecar import Sidecar
from robustbench_seg.segmenter.answers import logits_of
from robustbench_seg.segmenter.assembly import Options, assemble
from robustbench_seg.segmenter.class_names import class_spelling
from robustbench_seg.segmenter.segmenter import Segmenter

MAX_BATCH = 64
"""The largest fixed batch size that a program may have."""


class Program(nn.Module, ABC):
    """A program as a torch module: float Nx3xHxW -> float logits NxKxhxw.

    The program gets one image at a time, because most are exported for a batch of 1. A program with
    a larger fixed batch gets the last image repeated to fill it.

    Attributes:
        advice: The advice in the error about a wrong image size.
        where: Its name in errors.
        size: The one height and width it takes. None: any.
        dtype: The type of its input.
        nhwc: Whether it takes NxHxWx3.
        batch: Number of images that it takes at once.
        answers_nhwc: Whether it gives NxhxwxK.
        channels: Number of channels of its answer. None: not declared.
        integer: Whether it declares its answer to be integers, which are class indices.
        params: Number of its parameters. None: unknown.
        no_gradient: Why it gives no gradient, in words that end a sentence; None where it gives
            one.
    """

    advice = "give input_size in its TOML file"

    where: str
    size: Size | None = None
    dtype: torch.dtype = torch.float32
    nhwc = False
    batch = 1
    answers_nhwc = False
    channels: int | None = None
    integer = False
    params: int | None = None
    no_gradient: str | None = "another library than torch runs its graph"

    def __init__(self, classes: int | None, sidecar: Sidecar | None) -> None:
        """Set the attributes that the sidecar gives.

        Args:
            classes: Number of classes that are named. None: as many as the answer has channels.
            sidecar: Its description. None: normalised NCHW in, logits out.
        """
        super().__init__()
        self._classes = classes
        self._bgr = sidecar is not None and sidecar.channels == "BGR"
        self._labels = sidecar is not None and sidecar.answer == "labels"
        self._threshold = sidecar.threshold if sidecar else None

    @abstractmethod
    def answer(self, images: Tensor) -> Tensor:
        """Run the program.

        Args:
            images: A batch of the program's size, type and layout.

        Returns:
            The answer, on any device.

        Raises:
            ModelError: The program does not take images of this size.
        """

    @property
    def takes_bytes(self) -> bool:
        """Whether it takes levels of 0 to 255."""
        return self.dtype is torch.uint8

    @property
    def gives_labels(self) -> bool:
        """Whether it gives class indices."""
        return self.integer or self._labels

    def forward(self, images: Tensor) -> Tensor:
        """Compute logits.

        Args:
            images: Float Nx3xHxW: normalised, or levels of 0 to 255 if the program takes bytes.

        Returns:
            float32 logits NxKxhxw on the device of the images.

        Raises:
            ModelError: The program does not take images of this size, or answers something else.
        """
        device = images.device
        if self.size:
            images = F.interpolate(images, self.size, mode="bilinear", align_corners=False)
        if self._bgr:
            images = images.flip(1)
        if self.takes_bytes:
            images = images.round().clamp(0, 255)
        images = images.to(self.dtype)
        if self.nhwc:
            images = images.permute(0, 2, 3, 1)
        parts = [images[first : first + self.batch] for first in range(0, len(images), self.batch)]
        logits = [each for part in parts for each in self._logits(part)]
        return torch.cat(logits).to(device)

    def _logits(self, images: Tensor) -> list[Tensor]:
        """Compute float32 logits 1xKxhxw for each of at most `batch` images."""
        given, missing = len(images), self.batch - len(images)
        if missing:
            images = torch.cat([images, images[-1:].expand(missing, -1, -1, -1)])
        answer = self.answer(images.contiguous())
        if self.batch == 1 or len(answer) != self.batch:
            return [self._logits_of(answer)]
        return [self._logits_of(answer[index : index + 1]) for index in range(given)]

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


def check_runnable(where: str, path: Path, options: Options) -> None:
    """Check that a program exists, and refuse options that no program supports.

    Args:
        where: The model's name in errors.
        path: Path of the program.
        options: How it runs.

    Raises:
        ModelError: There is no such file, or the options set a precision.
    """
    if not path.is_file():
        raise ModelError(f"{where}: there is no such file")
    if options.precision != "float32":
        raise ModelError(
            f"{where}: a graph has its own precision; leave out --precision, or export one in half "
            "precision"
        )


def classes_of_program(sidecar: Sidecar, beside: str) -> tuple[str, ...]:
    """Name the classes of a program.

    Args:
        sidecar: Its description.
        beside: Name of the sidecar, for errors.

    Raises:
        CardError: There is a threshold, but the number of classes is not two.
    """
    classes = sidecar.classes or class_names(str(sidecar.dataset))
    if sidecar.threshold is not None and len(classes) != 2:
        raise CardError(f"{beside}: a threshold tells two classes apart; {len(classes)} are named")
    return classes


def segmenter_of_program(
    network: Program,
    sidecar: Sidecar,
    options: Options,
    *,
    path: Path,
    weights: str,
    kind: str,
    law: int,
    runtime: str,
    libraries: Mapping[str, str],
) -> Segmenter:
    """Build the segmenter of a program.

    Args:
        network: The program.
        sidecar: Its description.
        options: How it runs.
        path: Path of the program.
        weights: sha256 of its files.
        kind: The prefix of the model before the colon, such as "onnx".
        law: Version of the input preparation for programs of this kind.
        runtime: The library that runs it; see SegmenterRecord.
        libraries: Maps the name of each library that runs it to its version.

    Returns:
        The segmenter, named as in the sidecar.

    Raises:
        ModelError: The windows have another size than the program takes, or the program declares
            another number of classes.
        CardError: The sidecar is wrong.
    """
    beside = path.with_suffix(".toml").name
    classes = classes_of_program(sidecar, beside)
    _check_windows(network, options.inference_of(sidecar.inference))
    _check_channels(network, sidecar, classes, beside)
    return assemble(
        network,
        options,
        name=sidecar.name,
        classes=class_spelling(classes, options.classes),
        record=SegmenterRecord(
            architecture=kind,
            weights=weights,
            variant=sidecar.deviations(),
            preprocessing=sidecar.preprocessing(network.takes_bytes, beside),
            inference=sidecar.inference,
            input_size=network.size,
            align_corners=sidecar.align_corners,
            runtime=runtime,
            laws={kind: law},
        ),
        about=ModelFacts(
            location=network.where,
            params=network.params,
            weights_file=path.name,
            libraries=libraries,
            no_confidence=_no_confidence(network, sidecar),
        ),
    )


def _no_confidence(network: Program, sidecar: Sidecar) -> str | None:
    if network.gives_labels:
        return "its graph ends in labels"
    return None if sidecar.threshold is None else "its graph answers one probability, no logits"


def _check_windows(network: Program, inference: Inference) -> None:
    """Refuse windows of another size than the fixed one of a program."""
    crop = inference.crop
    if crop and network.size not in (None, (crop, crop)):
        raise ModelError(
            f"{network.where}: takes images of {network.size[0]}x{network.size[1]} only, not "
            f"windows of {crop}x{crop}; leave out --inference slide"
        )


def _check_channels(
    network: Program, sidecar: Sidecar, classes: Sequence[str], beside: str
) -> None:
    """Refuse a program that declares another number of classes than its sidecar names."""
    one = network.channels == 1 and (network.gives_labels or sidecar.threshold is not None)
    if one or network.channels in (None, len(classes)):
        return
    hint = ""
    if network.channels == 1 and len(classes) == 2:
        hint = "; if it is the probability of the second class, give threshold there"
    raise ModelError(
        f"{network.where}: the graph gives {network.channels} classes, {len(classes)} are named in "
        f"{beside}: {', '.join(classes)}{hint}"
    )


def only_size(fixed: Size | None, size: Size | None, where: str) -> Size | None:
    """Return the fixed height and width of images, which the program and the sidecar may state.

    Args:
        fixed: The size that the program declares. None: it declares none.
        size: The size that the sidecar states. None: it states none.
        where: The model's name in errors.

    Returns:
        The size, or None if any size is possible.

    Raises:
        ModelError: The two differ, or no image has such a size.
    """
    if fixed and not 1 <= min(fixed) <= max(fixed) <= MAX_SIDE:
        raise ModelError(
            f"{where}: it takes {fixed[0]}x{fixed[1]} only, which no image has; export it again"
        )
    if size and fixed and size != fixed:
        raise ModelError(
            f"{where}: input_size is {size[0]}x{size[1]}, but the graph takes {fixed[0]}x{fixed[1]}"
        )
    return size or fixed
