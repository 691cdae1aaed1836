"""The networks, implemented from their papers. `build` builds one by name."""

import inspect
from collections.abc import Mapping
from typing import Any

from robustbench_seg.architectures.deeplabv3plus import DeepLabV3Plus
from robustbench_seg.architectures.network import SegmentationNetwork
from robustbench_seg.architectures.segformer import SegFormer
from robustbench_seg.errors import ModelError, unknown

ARCHITECTURES: Mapping[str, type[SegmentationNetwork]] = {
    "segformer": SegFormer,
    "deeplabv3plus": DeepLabV3Plus,
}

__all__ = ["ARCHITECTURES", "SegmentationNetwork", "build"]


def build(architecture: str, num_classes: int, **variant: Any) -> SegmentationNetwork:
    """Build a network with initial weights.

    Args:
        architecture: A key of ARCHITECTURES.
        num_classes: Number of classes.
        variant: Keyword parameters of the network's class.

    Returns:
        The network. It maps a float batch N x 3 x H x W, RGB and already normalised, to logits
        N x num_classes x H/4 x W/4.

    Raises:
        ModelError: The architecture or a parameter is unknown, or a parameter has no such value.
    """
    if architecture not in ARCHITECTURES:
        raise ModelError(unknown("architecture", architecture, ARCHITECTURES))
    kind = ARCHITECTURES[architecture]
    parameters = inspect.signature(kind).parameters
    keywords = [name for name in parameters if name != "num_classes"]
    for name in variant:
        if name not in keywords:
            raise ModelError(unknown(f"parameter of {architecture}", name, keywords))
    try:
        return kind(num_classes, **variant)
    except (TypeError, ValueError, RuntimeError) as error:
        values = ", ".join(f"{name} = {value!r}" for name, value in variant.items())
        raise ModelError(f"{architecture} cannot be built with {values}: {error}") from error
