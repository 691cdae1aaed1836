"""Parameters and multiply-accumulates of a network, counted without computing anything."""

from dataclasses import dataclass, replace

import torch

from robustbench_seg.analysis.mac_counter import MacCounter
from robustbench_seg.architectures import SegmentationNetwork, build
from robustbench_seg.errors import ModelError
from robustbench_seg.records.cards.model_card import ModelCard, NetworkOptions
from robustbench_seg.records.runs.segmenter_record import SegmenterRecord
from robustbench_seg.records.values.preprocessing import Inference
from robustbench_seg.segmenter.inference.windows import window_corners


@dataclass(frozen=True)
class Cost:
    """The cost of a network and of one image.

    Attributes:
        params: Number of parameters, without heads that only training uses.
        macs: Number of multiply-accumulates of convolutions, linear layers and attention, as this
            package computes them for an image. Folding, which runs once at load, is not counted.
        macs_written: The same number for the published equations. It differs from `macs` if a
            decoder runs folded. Papers call this number FLOPs.
    """

    params: int
    macs: int
    macs_written: int


def meta_network(card: ModelCard) -> SegmentationNetwork:
    """Build a card's network on the meta device, which has shapes but no values and takes no
    memory.

    Args:
        card: The card.

    Returns:
        The network, in eval mode.
    """
    return _on_meta(card.architecture, card.classes, card.variant)


def count_cost(network: SegmentationNetwork, size: tuple[int, int]) -> Cost:
    """Count the cost of one whole image in a network, without windows.

    Args:
        network: The network, on the meta device (see meta_network).
        size: Height and width of the image, in pixels.

    Returns:
        The cost.

    Raises:
        ModelError: The image is too small for the network.
    """
    with MacCounter() as counter, torch.inference_mode():
        try:
            network(torch.empty(1, 3, *size, device="meta"))
        except RuntimeError as error:
            first = str(error).splitlines()[0]
            raise ModelError(
                f"{type(network).__name__} does not take an image of {size[0]}x{size[1]} "
                f"({first}); choose a larger size"
            ) from None
    macs = counter.macs
    written = macs + network.macs_beyond_forward(*size)
    params = sum(parameter.numel() for parameter in network.parameters())
    return Cost(params, macs - network.macs_folded(), written)


def image_macs(record: SegmenterRecord, classes: int, size: tuple[int, int]) -> int:
    """Count the multiply-accumulates of one image that a segmenter labels.

    The image is resized, cut into windows or padded as the record says.

    Args:
        record: Record of the segmenter of a card.
        classes: Number of classes.
        size: Height and width of the image, in pixels.

    Returns:
        Number of multiply-accumulates.

    Raises:
        ModelError: The image is too small for the network.
    """
    if record.augment:
        plain = replace(record, augment=None, resize=None)
        scales = [scale for scale, _ in record.augment.views]
        return sum(image_macs(plain, classes, record.scaled_size(*size, scale)) for scale in scales)
    height, width = record.scaled_size(*size)
    how, windows = record.inference or Inference("whole"), 1
    if how.mode == "slide" and how.crop and how.stride:
        windows = len(window_corners(height, width, how.crop, how.stride))
        height, width = min(how.crop, height), min(how.crop, width)
    else:
        below, right = record.padding(height, width)
        height, width = height + below, width + right
    network = _on_meta(record.architecture, classes, record.variant)
    return windows * count_cost(network, (height, width)).macs


def _on_meta(architecture: str, classes: int, variant: NetworkOptions) -> SegmentationNetwork:
    with torch.device("meta"):
        return build(architecture, classes, **variant).eval()
