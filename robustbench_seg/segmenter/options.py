"""The options of a model that a user sets."""

from dataclasses import dataclass, replace

from robustbench_seg.datasets import Dataset
from robustbench_seg.errors import OptionError
from robustbench_seg.records.values.adaptation import Adaptation, AdaptImages
from robustbench_seg.records.values.augment import parse_augment
from robustbench_seg.records.values.choices import (
    AdaptationMethod,
    Backend,
    InferenceMode,
    InferencePrecision,
    check_choices,
)
from robustbench_seg.records.values.preprocessing import Inference
from robustbench_seg.records.values.quantisation import check_int8
from robustbench_seg.segmenter.inference.windows import WINDOW


@dataclass(frozen=True)
class SegmenterOptions:
    """The options of a model that a user sets.

    Attributes:
        name: Its name in tables. None: its default name.
        inference: "whole" or "slide". None: its default mode.
        input_size: "native", "processor", or height and width such as "512x1024" (see
            records.values.input_size). None: the model's own.
        device: Torch device.
        precision: "float32", "bf16" or "fp16" (autocast), or "int8" (quantised).
        backend: The library that runs the network: "torch", "onnxruntime" or "openvino"; "auto":
            the fastest supported one.
        classes: Class names of the dataset. None: unknown.
        batch: Number of windows that a GPU gets at once.
        augment: Test-time augmentation such as "flip,0.75,1.25" (see records.values.augment).
        adapt: "bn": adapt the statistics of BatchNorm.
        adapt_images: Number of images for these statistics, or "all".
        adapt_prior: Weight of the network's original statistics, as a number of images.
        calibration: Images that calibrate a network in int8; none of them is scored.
    """

    name: str | None = None
    inference: InferenceMode | None = None
    device: str = "cpu"
    precision: InferencePrecision = "float32"
    backend: Backend = "torch"
    classes: tuple[str, ...] | None = None
    batch: int = 1
    input_size: str | None = None
    augment: str | None = None
    adapt: AdaptationMethod | None = None
    adapt_images: AdaptImages = Adaptation.images
    adapt_prior: float = Adaptation.prior
    calibration: Dataset | None = None

    def __post_init__(self) -> None:
        _ = self.adaptation, parse_augment(self.augment)
        check_choices(self)
        check_int8(self.precision, self.backend, self.device, self.adapt)

    @property
    def adaptation(self) -> Adaptation | None:
        """How the network is adapted; None: not at all."""
        if self.adapt is None:
            return None
        return Adaptation(self.adapt, self.adapt_images, float(self.adapt_prior))

    def refuse_input_size(self, where: str) -> None:
        """Refuse an input size for a model that does not support one.

        Args:
            where: The model's name in errors.

        Raises:
            OptionError: The options set an input size.
        """
        if self.input_size is not None:
            raise OptionError(
                f"{where}: an input size is only for hf: models; leave out {self.input_size}"
            )

    def refuse_network_options(self, where: str) -> None:
        """Refuse options that need a model with its own network.

        Args:
            where: The model's name in errors.

        Raises:
            OptionError: The options set an inference mode, a device, a precision, augmentation or
                adaptation.
        """
        if self.inference or self.device != "cpu" or self.precision != "float32":
            raise OptionError(
                f"{where}: such a model decides how it runs; leave out inference, device and "
                "precision"
            )
        if self.adapt or self.augment:
            raise OptionError(
                f"{where}: such a model has no network that robustseg can adapt or run on "
                "variants of an image; leave out adapt and augment"
            )

    def inference_of(self, own: Inference) -> Inference:
        """Choose the inference mode of a model.

        Args:
            own: The model's own mode.

        Returns:
            The mode. If "slide" is not the default of the model, it has SegFormer's window.
        """
        if self.inference is None or self.inference == own.mode:
            return own
        if self.inference == "slide":
            crop, stride = WINDOW
            return replace(own, mode="slide", crop=crop, stride=stride)
        return Inference("whole")
