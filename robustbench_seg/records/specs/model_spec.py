"""How a model runs: the options that `load_segmenter` and `evaluate` share."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from robustbench_seg.codec import check_ranges, check_text
from robustbench_seg.errors import OptionError
from robustbench_seg.records.values.adaptation import Adaptation, AdaptImages, Prior
from robustbench_seg.records.values.choices import (
    AdaptationMethod,
    Backend,
    InferenceMode,
    InferencePrecision,
    check_choices,
)
from robustbench_seg.records.values.input_size import input_size_text
from robustbench_seg.records.values.ranges import Batch
from robustbench_seg.records.values.test_time_augmentation import augment_text


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """How a model runs.

    Attributes:
        weights: File, hf:<hub id> or URL that replaces the weights of the card. "none": random
            weights, which add "-untrained" to the name.
        name: Name of the model in every table. None: the default name.
        inference: "whole" images or "slide" for windows. None: the mode of the model.
        input_size: Input size of an hf: model: "native" (the size of the image), "processor" (as
            its image processor prepares it) or height and width such as "512x1024". None: native
            if the network accepts any size, else processor.
        augment: Test-time augmentation: "flip", scales such as "0.75,1.25", or both. The
            probabilities of these views and of the image itself are averaged. None: no
            augmentation.
        adapt: "bn": `evaluate` estimates BatchNorm statistics on images of each condition, and the
            name of the model ends in "-bn". A direct call of the segmenter uses the original
            statistics. None: no adaptation.
        adapt_images: Number of these images, evenly spaced in the split, or "all".
        adapt_prior: Weight of the original statistics, as a number of images, at least 0.
        device: A torch device.
        precision: Number format of the forward pass: "float32", "bf16" or "fp16". "int8": the
            network of a card is quantised with images of the train split, and the name of the
            model ends in "-int8".
        backend: Library that runs the network of a card: "torch", "onnxruntime" or "openvino".
            Numbers may differ in the last digit. "auto": openvino for float32 on a CPU if it is
            installed and can run the network, else torch.
        batch: Number of windows of an image in one GPU batch, 1 to 65,536. It is halved if the
            memory is too small. Models without windows ignore it.

    Raises:
        OptionError: A value does not exist or is out of range, or two options exclude each other.

    >>> spec = rs.ModelSpec(device="cuda", precision="bf16")
    >>> spec.backend, spec.batch
    ('torch', 1)
    """

    weights: str | None = None
    name: str | None = None
    inference: InferenceMode | None = None
    input_size: str | None = field(default=None, metadata={"parse": input_size_text})
    augment: str | None = field(default=None, metadata={"parse": augment_text})
    adapt: AdaptationMethod | None = None
    adapt_images: AdaptImages = Adaptation.images
    adapt_prior: Prior = Adaptation.prior
    device: str = "cpu"
    precision: InferencePrecision = "float32"
    backend: Backend = "torch"
    batch: Batch = 1

    def __post_init__(self) -> None:
        check_ranges(self)
        defaults = (Adaptation.images, Adaptation.prior)
        if self.adaptation is None and (self.adapt_images, self.adapt_prior) != defaults:
            raise OptionError("adapt_images and adapt_prior need adapt; also give adapt bn")
        check_choices(self)
        self._check_int8()
        if self.input_size != input_size_text(self.input_size):
            raise OptionError(f"write the input size as {input_size_text(self.input_size)}")
        if self.augment != augment_text(self.augment):
            raise OptionError(f"write augment as {augment_text(self.augment)}")
        check_text("name", self.name)

    def _check_int8(self) -> None:
        if self.precision != "int8":
            return
        if self.adapt is not None:
            raise OptionError(
                "a network in int8 cannot be adapted; leave out adapt or precision int8"
            )
        if self.backend not in ("onnxruntime", "openvino"):
            raise OptionError(
                f"precision int8 needs the backend onnxruntime or openvino, not {self.backend}; "
                "choose one of them"
            )
        if self.device != "cpu":
            raise OptionError(
                f"precision int8 is for the CPU, not '{self.device}'; leave out one of them"
            )

    @property
    def adaptation(self) -> Adaptation | None:
        """How the network is adapted. None: it is not."""
        if self.adapt is None:
            return None
        return Adaptation(self.adapt, self.adapt_images, float(self.adapt_prior))


class ModelOptions(TypedDict, total=False):
    """Fields of ModelSpec, as users write them."""

    weights: str | Path | None
    name: str | None
    inference: InferenceMode | None
    input_size: str | tuple[int, int] | None
    augment: str | None
    adapt: AdaptationMethod | None
    adapt_images: AdaptImages
    adapt_prior: float
    device: str
    precision: InferencePrecision
    backend: Backend
    batch: int
