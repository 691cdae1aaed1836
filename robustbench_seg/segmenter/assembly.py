"""Builds a segmenter from a network, its preprocessing and the options."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from torch import nn

from robustbench_seg.architectures import SegmentationNetwork
from robustbench_seg.errors import ModelError
from robustbench_seg.records.cards.model_card import ModelCard
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.adaptation import Adaptation, AdaptImages, adapted_name
from robustbench_seg.records.values.augment import parse_augment
from robustbench_seg.records.values.choices import (
    AdaptationMethod,
    Backend,
    InferenceMode,
    Precision,
    check_choice,
)
from robustbench_seg.records.values.preprocessing import Inference
from robustbench_seg.records.values.ranges import MAX_CLASSES
from robustbench_seg.segmenter.augmented_segmenter import AUGMENT_LAW, AugmentedSegmenter
from robustbench_seg.segmenter.batch_norm import ADAPTATION_LAW, norms
from robustbench_seg.segmenter.foreign_errors import reason
from robustbench_seg.segmenter.inference import INFERENCE_LAW, WINDOW
from robustbench_seg.segmenter.resized import RESIZE_LAW
from robustbench_seg.segmenter.segmenter import NetworkSegmenter, Segmenter


@dataclass(frozen=True)
class Options:
    """How a user wants a model to run.

    Attributes:
        name: Its name in tables. None: its own.
        inference: "whole" or "slide". None: its own mode.
        input_size: "native", "processor", or height and width such as "512x1024" (see
            records.values.input_size). None: the model's own.
        device: Torch device.
        precision: "float32", "bf16" or "fp16" (autocast).
        backend: The library that runs the network: "torch", "onnxruntime" or "openvino".
        classes: Class names of the dataset it runs on. None: unknown.
        batch: Number of windows that a GPU gets at once.
        augment: Test-time augmentation such as "flip,0.75,1.25" (see records.values.augment).
        adapt: "bn" if the statistics of BatchNorm are to be adapted.
        adapt_images: Number of images for these statistics, or "all".
        adapt_prior: Weight of the network's own statistics, as a number of images.
    """

    name: str | None = None
    inference: InferenceMode | None = None
    device: str = "cpu"
    precision: Precision = "float32"
    backend: Backend = "torch"
    classes: tuple[str, ...] | None = None
    batch: int = 1
    input_size: str | None = None
    augment: str | None = None
    adapt: AdaptationMethod | None = None
    adapt_images: AdaptImages = Adaptation.images
    adapt_prior: float = Adaptation.prior

    def __post_init__(self) -> None:
        _ = self.adaptation, parse_augment(self.augment)
        check_choice("precision", self.precision, Precision, ModelError)
        check_choice("backend", self.backend, Backend, ModelError)

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
            ModelError: The options set an input size.
        """
        if self.input_size is not None:
            raise ModelError(
                f"{where}: an input size goes with hf: models only; leave out {self.input_size}"
            )

    def inference_of(self, own: Inference) -> Inference:
        """Choose the inference mode of a model.

        Args:
            own: The model's own mode.

        Returns:
            The mode that it runs in. A mode "slide" that is not its own has SegFormer's window.
        """
        if self.inference is None or self.inference == own.mode:
            return own
        if self.inference == "slide":
            crop, stride = WINDOW
            return replace(own, mode="slide", crop=crop, stride=stride)
        return Inference("whole")


def assemble(
    network: nn.Module,
    options: Options,
    *,
    name: str,
    classes: Sequence[str],
    record: SegmenterRecord,
    about: ModelFacts,
    kind: Callable[..., Segmenter] = NetworkSegmenter,
) -> Segmenter:
    """Build the segmenter of a network in eval mode.

    Args:
        network: The network, in eval mode.
        options: How it runs.
        name: The model's own name, which `options` may overrule.
        classes: Class names, in the order of the logits.
        record: Record of the network (see Segmenter), with its preprocessing, its resize if it has
            one, and its own inference mode, which `options` may overrule. How it runs is added
            here.
        about: Facts about the network (see Segmenter). The device is added here.
        kind: The class of the segmenter.

    Returns:
        The segmenter.

    Raises:
        ModelError: The device does not exist, or there are too many classes for uint8 labels.
    """
    if not 1 <= len(classes) <= MAX_CLASSES:
        raise ModelError(
            f"{options.name or name} has {len(classes)} classes; 1 to {MAX_CLASSES} are possible"
        )
    name = options.name or name
    laws = {**record.laws, "inference": INFERENCE_LAW}
    if record.resize:
        laws["resize"] = RESIZE_LAW
    augment, own = parse_augment(options.augment), kind is NetworkSegmenter
    if augment is not None:
        if not own or (augment.scales and record.input_size):
            raise ModelError(
                f"{name}: it sees images of its own size only, not scaled ones; leave out augment"
            )
        laws["augment"], kind = AUGMENT_LAW, AugmentedSegmenter
    if options.adapt is not None:
        _check_adaptable(network, record, name, own)
        laws["adaptation"], name = ADAPTATION_LAW, adapted_name(name)
    record = replace(
        record,
        inference=options.inference_of(record.inference or Inference("whole")),
        precision=options.precision,
        laws=laws,
        adaptation=options.adaptation,
        augment=augment,
    )
    try:
        return kind(
            network,
            name=name,
            classes=tuple(classes),
            record=record,
            about=replace(about, device=options.device),
            device=options.device,
            batch=options.batch,
        )
    except (RuntimeError, AssertionError) as error:
        raise ModelError(
            f"device '{options.device}': {reason(error)}; choose another with --device"
        ) from error


def _check_adaptable(network: nn.Module, record: SegmenterRecord, name: str, own: bool) -> None:
    """Refuse to adapt a network without BatchNorm, or one whose modules torch does not run."""
    reason = None
    if record.runtime not in ("torch", "transformers"):
        reason = f"{record.runtime} runs its graph"
    elif not own:
        reason = "its image processor prepares each image; choose an input size"
    elif not norms(network):
        reason = "it has no BatchNorm"
    if reason:
        raise ModelError(f"{name} cannot be adapted: {reason}")


def network_record(
    card: ModelCard, network: SegmentationNetwork, weights: str | None = None
) -> SegmenterRecord:
    """Record what decides the labels of a card's network, except how it runs.

    Args:
        card: The card.
        network: The card's network.
        weights: sha256 of its weights, or UNTRAINED.

    Returns:
        The record.
    """
    return SegmenterRecord(
        architecture=card.architecture,
        variant=card.variant,
        weights=weights,
        preprocessing=card.preprocessing,
        resize=card.resize,
        inference=card.inference,
        grid=network.grid,
        align_corners=network.align_corners,
    )
