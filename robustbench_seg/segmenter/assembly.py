"""A network, its preprocessing and how it is to be run -> a segmenter."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import nn

from robustbench_seg.architectures import SegmentationNetwork
from robustbench_seg.errors import ModelError
from robustbench_seg.records.choices import Backend, InferenceMode, Precision, check_choice
from robustbench_seg.records.model_card import Inference, ModelCard, Preprocessing, Resize
from robustbench_seg.records.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.segmenter.inference import INFERENCE_LAW, WINDOW
from robustbench_seg.segmenter.resized import RESIZE_LAW
from robustbench_seg.segmenter.segmenter import NetworkSegmenter, Segmenter


@dataclass(frozen=True)
class Options:
    """What a user may ask of a model.

    name:      its name in tables; None: its own
    inference: "whole" or "slide"; None: its own mode
    device:    a torch device
    precision: "float32", "bf16" or "fp16" (autocast)
    backend:   what runs the network: "torch", "onnxruntime" or "openvino"
    classes:   those of the dataset it is to run on; None: not known
    batch:     windows that a GPU is given at once
    """

    name: str | None = None
    inference: InferenceMode | None = None
    device: str = "cpu"
    precision: Precision = "float32"
    backend: Backend = "torch"
    classes: tuple[str, ...] | None = None
    batch: int = 1

    def __post_init__(self) -> None:
        check_choice("precision", self.precision, Precision, ModelError)
        check_choice("backend", self.backend, Backend, ModelError)

    def inference_of(self, own: Inference) -> Inference:
        """How a model runs whose own mode is `own`."""
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
    preprocessing: Preprocessing,
    inference: Inference,
    resize: Resize | None = None,
    record: SegmenterRecord,
    about: ModelFacts,
) -> Segmenter:
    """Build the segmenter of a network in eval mode.

    inference:    the model's own mode, which `options` may overrule
    resize:       at what size the network sees an image; None: at its own
    record, about: of the network (see Segmenter); how it is run is added here

    Raises ModelError for a device that is not there.
    """
    mode = options.inference_of(inference)
    record = replace(
        record,
        preprocessing=preprocessing,
        inference=mode,
        resize=resize,
        precision=options.precision,
        laws={
            **record.laws,
            "inference": INFERENCE_LAW,
            **({"resize": RESIZE_LAW} if resize else {}),
        },
    )
    try:
        return NetworkSegmenter(
            network,
            name=options.name or name,
            classes=tuple(classes),
            preprocessing=preprocessing,
            inference=mode,
            record=record,
            about=replace(about, device=options.device),
            device=options.device,
            precision=options.precision,
            batch=options.batch,
        )
    except (RuntimeError, AssertionError) as error:
        first = str(error).splitlines()[0]
        raise ModelError(
            f"device '{options.device}': {first}; choose another with --device"
        ) from None


def network_record(
    card: ModelCard, network: SegmentationNetwork, weights: str | None = None
) -> SegmenterRecord:
    """What decides the labels of a card's network, but for how it is run.

    weights: their sha256, or UNTRAINED
    """
    return SegmenterRecord(
        architecture=card.architecture,
        variant=card.variant,
        weights=weights,
        grid=network.grid,
        align_corners=network.align_corners,
    )


def known_as(names: Sequence[str], wanted: Sequence[str] | None) -> tuple[str, ...]:
    """Class names in the dataset's spelling, if all of them are its own in other words: in case,
    blanks and further synonyms. Else as they are.

    >>> known_as(["Road", "bed ", "television receiver"], ["road", "bed", "television"])
    ('road', 'bed', 'television')
    >>> known_as(["road", "sky"], ["sky", "road"])
    ('road', 'sky')
    """
    if wanted and len(names) == len(wanted) and all(map(_same, names, wanted)):
        return tuple(wanted)
    return tuple(names)


def _same(one: str, other: str) -> bool:
    """Whether two names of one place in the order mean one class."""
    short, long = sorted(map(_plain, (one, other)), key=len)
    return long == short or long.startswith(f"{short} ")


def _plain(name: str) -> str:
    return re.split("[;,]", name)[0].strip().lower().replace("_", " ").replace("-", " ")
