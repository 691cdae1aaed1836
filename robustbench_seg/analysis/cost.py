"""Parameters and multiply-accumulates of a network, counted without computing anything."""

import math
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from robustbench_seg.architectures import SegmentationNetwork, build
from robustbench_seg.errors import ModelError
from robustbench_seg.records.model_card import Inference, ModelCard
from robustbench_seg.records.segmenter_record import SegmenterRecord
from robustbench_seg.segmenter.inference import window_spans


@dataclass(frozen=True)
class Cost:
    """What one image costs.

    params:       parameters, without heads that only training uses
    macs:         multiply-accumulates of convolutions, linear layers and attention, as they are
                  computed here for an image; what is folded once, at load, is not counted
    macs_written: the same, of the equations as they are published; they differ where a decoder
                  is applied folded. Papers call this number FLOPs
    """

    params: int
    macs: int
    macs_written: int


def shape_of(card: ModelCard) -> SegmentationNetwork:
    """A card's network on the meta device: shapes without content, which take no memory."""
    with torch.device("meta"):
        return build(card.architecture, card.classes, **card.variant).eval()


def count_cost(network: SegmentationNetwork, size: tuple[int, int]) -> Cost:
    """Count one image of `size` (height, width) through a network (see shape_of) in one piece.

    Raises ModelError if the network does not take so small an image.
    """
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        try:
            network(torch.empty(1, 3, *size, device="meta"))
        except RuntimeError as error:
            first = str(error).splitlines()[0]
            raise ModelError(
                f"{type(network).__name__} does not take an image of {size[0]}x{size[1]} "
                f"({first}); choose a larger one"
            ) from None
    macs = counter.get_total_flops() // 2
    written = macs + network.macs_beyond_forward(*size)
    params = sum(parameter.numel() for parameter in network.parameters())
    return Cost(params, macs - network.macs_folded(), written)


def count_image(record: SegmenterRecord, classes: int, size: tuple[int, int]) -> int:
    """Multiply-accumulates of one image of `size` as a segmenter takes it.

    The image is resized, cut into windows or padded as the record says.

    record: of the segmenter of a card

    Raises ModelError if the network does not take so small an image.
    """
    if record.resize:
        size = record.resize.size(*size)
    how, windows = record.inference or Inference("whole"), 1
    if how.mode == "slide" and how.crop and how.stride:
        corners = [len(list(window_spans(side, how.crop, how.stride))) for side in size]
        windows = math.prod(corners)
        size = (min(how.crop, size[0]), min(how.crop, size[1]))
    elif record.grid:
        grid = record.grid
        size = (size[0] + -(size[0] - 1) % grid, size[1] + -(size[1] - 1) % grid)
    with torch.device("meta"):
        network = build(record.architecture, classes, **record.variant).eval()
    return windows * count_cost(network, size).macs
