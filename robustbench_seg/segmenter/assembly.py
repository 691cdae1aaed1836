"""A network, its preprocessing and how it is to be run -> a segmenter."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import torch
from torch import nn

from robustbench_seg.errors import ModelError, unknown
from robustbench_seg.machine.precision import PRECISIONS
from robustbench_seg.records.model_card import Inference, Preprocessing, Resize
from robustbench_seg.segmenter.inference import WINDOW
from robustbench_seg.segmenter.resized import ResizedSegmenter
from robustbench_seg.segmenter.segmenter import NetworkSegmenter, Segmenter

BACKENDS = ("torch", "onnxruntime", "openvino")


@dataclass(frozen=True)
class Options:
    """What a user may ask of a model.

    name:      its name in tables; None: its own
    inference: "whole" or "slide"; None: its own mode
    device:    a torch device
    precision: "float32", "bf16" or "fp16" (autocast)
    backend:   what runs the network, of BACKENDS
    classes:   those of the dataset it is to run on; None: not known
    batch:     windows that a GPU is given at once
    """

    name: str | None = None
    inference: Literal["whole", "slide"] | None = None
    device: str = "cpu"
    precision: str = "float32"
    backend: str = "torch"
    classes: tuple[str, ...] | None = None
    batch: int = 1

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise ModelError(unknown("precision", self.precision, PRECISIONS))
        if self.backend not in BACKENDS:
            raise ModelError(unknown("backend", self.backend, BACKENDS))

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
    facts: Mapping[str, Any],
    about: Mapping[str, Any],
) -> Segmenter:
    """Build the segmenter of a network in eval mode.

    inference:    the model's own mode, which `options` may overrule
    resize:       at what size the network sees an image; None: at its own
    facts, about: of the network (see Segmenter); how it is run is added here

    Raises ModelError for a device that is not there.
    """
    mode = options.inference_of(inference)
    running: dict[str, Any] = {
        "preprocessing": asdict(preprocessing),
        "inference": asdict(mode),
        "precision": options.precision,
        "threads": torch.get_num_threads(),
    }
    if grid := getattr(network, "grid", None):
        running["grid"] = grid
    try:
        segmenter = NetworkSegmenter(
            network,
            name=options.name or name,
            classes=tuple(classes),
            preprocessing=preprocessing,
            inference=mode,
            facts={**facts, **running},
            about={**about, "device": options.device},
            device=options.device,
            precision=options.precision,
            batch=options.batch,
        )
    except (RuntimeError, AssertionError) as error:
        first = str(error).splitlines()[0]
        raise ModelError(
            f"device '{options.device}': {first}; choose another with --device"
        ) from None
    if resize is None:
        return segmenter
    return ResizedSegmenter(segmenter, resize, bool(getattr(network, "align_corners", False)))


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
