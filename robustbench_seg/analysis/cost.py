"""Parameters and multiply-accumulates of a network, counted without computing anything."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from robustbench_seg.architectures import build
from robustbench_seg.architectures.mlp_decoder import ConvDecoder, MLPDecoder
from robustbench_seg.errors import ModelError
from robustbench_seg.records.model_card import Inference, ModelCard
from robustbench_seg.records.segmenter_record import SegmenterRecord
from robustbench_seg.segmenter.inference import windows as starts
from robustbench_seg.segmenter.resized import resized_size


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


def shape_of(card: ModelCard) -> nn.Module:
    """A card's network on the meta device: shapes without content, which take no memory."""
    with torch.device("meta"):
        return build(card.architecture, card.classes, **card.variant).eval()


def count_cost(network: nn.Module, size: tuple[int, int]) -> Cost:
    """Count one image of `size` (height, width) through a network (see shape_of) in one piece.

    Raises ModelError if the network does not take so small an image.
    """
    seen: list[Sequence[Tensor]] = []
    head = getattr(network, "decode_head", None)
    if isinstance(head, MLPDecoder | ConvDecoder):
        hook = head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        try:
            network(torch.empty(1, 3, *size, device="meta"))
        except RuntimeError as error:
            first = str(error).splitlines()[0]
            raise ModelError(
                f"{type(network).__name__} does not take an image of {size[0]}x{size[1]} "
                f"({first}); choose a larger one"
            ) from None
    macs = written = counter.get_total_flops() // 2
    if isinstance(head, MLPDecoder | ConvDecoder):
        hook.remove()
        in_head = sum(counter.get_flop_counts()[f"{type(network).__name__}.decode_head"].values())
        written = macs - in_head // 2 + _written_out(head, seen[0])
    if isinstance(head, MLPDecoder) and len(head.stages) > 1:
        # The products of each projection with its share of the fusion (segmenter/folding.py).
        channels = sum(seen[0][stage - 1].shape[3] for stage in head.stages)
        macs -= head.linear_pred.in_channels**2 * channels
    return Cost(sum(parameter.numel() for parameter in network.parameters()), macs, written)


def count_image(record: SegmenterRecord, classes: int, size: tuple[int, int]) -> int:
    """Multiply-accumulates of one image of `size` as a segmenter takes it: resized, in windows.

    record: of the segmenter of a card

    Raises ModelError if the network does not take so small an image.
    """
    if record.resize:
        size = resized_size(*size, record.resize)
    how, windows = record.inference or Inference("whole"), 1
    if how.mode == "slide" and how.crop and how.stride:
        corners = [len(list(starts(side, how.crop, how.stride))) for side in size]
        windows = math.prod(corners)
        size = (min(how.crop, size[0]), min(how.crop, size[1]))
    with torch.device("meta"):
        network = build(record.architecture, classes, **record.variant).eval()
    return windows * count_cost(network, size).macs


def _written_out(head: MLPDecoder | ConvDecoder, features: Sequence[Tensor]) -> int:
    """MACs of a decoder that projects each scale, fuses all at the finest, and classifies.

    features: N x H/s x W/s x C, finest first; folded decoders apply the fusion scale by scale.
    """
    finest = features[0].shape[1] * features[0].shape[2]
    width, classes = head.linear_pred.in_channels, head.linear_pred.out_channels
    macs = finest * width * classes
    for stage in head.stages:
        _, high, wide, channels = features[stage - 1].shape
        macs += high * wide * channels * width
    if len(head.stages) > 1 or isinstance(head, ConvDecoder):
        macs += finest * len(head.stages) * width * width
    return macs
