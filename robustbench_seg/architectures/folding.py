"""A trained network made ready for inference: the same function in fewer operations.

The constants of a BatchNorm become part of the convolution in front of it. In SegFormer's decoders
a scale's share of the fusion, its projection (in the paper's decoder, where no ReLU stands
between) and the BatchNorm behind become one matrix at the scale's own resolution, and what is
left at 1/4 resolution (upsampling, sum, ReLU, classifier) goes through in strips of rows.

Results differ from the network's own by the rounding of float32.
"""

import copy
from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_seg.architectures.mlp_decoder import ConvDecoder, MLPDecoder, upsampled_sum

FOLDING_VERSION = 1
"""Goes up when a folded network rounds otherwise: part of what makes runs differ."""

STRIP = 2**21
"""Values of a strip: so many that they stay in a processor's cache."""


def fold(network: nn.Module) -> nn.Module:
    """A copy of one of `build`'s networks for inference; what does not change is shared."""
    tensors = (*network.parameters(), *network.buffers())
    folded = copy.deepcopy(network, {id(tensor): tensor for tensor in tensors}).eval()
    with torch.no_grad():
        head = getattr(folded, "decode_head", None)
        if isinstance(head, MLPDecoder | ConvDecoder) and len(head.stages) > 1:
            folded.decode_head = FoldedDecoder(head)
        # Networks name their layers in the order in which they act.
        leaves = [pair for pair in folded.named_modules() if not list(pair[1].children())]
        for (conv_name, conv), (norm_name, norm) in pairwise(leaves):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                folded.set_submodule(conv_name, _normed(conv, norm))
                folded.set_submodule(norm_name, nn.Identity())
    return folded


class FoldedDecoder(nn.Module):
    """Either decoder of SegFormer, its fusion folded; takes and gives what they do."""

    def __init__(self, decoder: MLPDecoder | ConvDecoder):
        super().__init__()
        self.stages = decoder.stages
        fusion = decoder.linear_fuse if isinstance(decoder, MLPDecoder) else decoder.fusion
        scale, shift = _affine(fusion.bn)
        self.before, self.scales = nn.ModuleList(), nn.ModuleList()
        for projection, share in zip(decoder.projections(), decoder.shares(), strict=True):
            matrix = scale[:, None] * share.double()
            if isinstance(projection, nn.Linear):
                shift = shift + matrix @ projection.bias.double()
                matrix = matrix @ projection.weight.double()
                self.before.append(nn.Identity())
            else:
                conv, norm, _ = projection.children()
                assert isinstance(conv, nn.Conv2d)
                assert isinstance(norm, nn.BatchNorm2d)
                self.before.append(nn.Sequential(_pointwise(_normed(conv, norm)), nn.ReLU()))
            self.scales.append(_linear(matrix))
        # Upsampling leaves a constant as it is: added where pixels are fewest.
        self.scales[-1].bias = nn.Parameter(shift.float())
        self.classifier = _pointwise(decoder.linear_pred)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Four N x H/s x W/s x C tensors, finest first -> logits N x classes x H/4 x W/4."""
        parts = [
            scale(before(features[i - 1]))
            for i, before, scale in zip(self.stages, self.before, self.scales, strict=True)
        ]
        strips = [
            self.classifier(F.relu(x.permute(0, 2, 3, 1)))
            for x in _upsampled_strips(parts, features[0].shape[1:3])
        ]
        logits: Tensor = torch.cat(strips, dim=1).permute(0, 3, 1, 2)
        return logits


def _upsampled_strips(parts: Sequence[Tensor], size: Sequence[int]) -> Iterator[Tensor]:
    """`upsampled_sum`, N x C x rows x W at a time where sizes are whole multiples; else at once."""
    height, width = size
    ratios = [height // part.shape[1] for part in parts]
    if any(
        part.shape[1] * ratio != height or part.shape[2] * ratio != width
        for part, ratio in zip(parts, ratios, strict=True)
    ):
        yield upsampled_sum(parts, size)
        return
    # Whole rows of the coarsest scale.
    rows = max(STRIP // (width * parts[0].shape[3] * max(ratios)), 1) * max(ratios)
    for start in range(0, height, rows):
        stop = min(start + rows, height)
        total: Tensor | None = None
        for part, ratio in zip(parts, ratios, strict=True):
            x = _upsampled_rows(part, ratio, start, stop)
            total = x if total is None else total.add_(x)
        assert total is not None
        yield total


def _upsampled_rows(part: Tensor, ratio: int, start: int, stop: int) -> Tensor:
    """Rows `start` to `stop` of a N x h x w x C tensor, `ratio` times as large: N x C x rows x W.

    A row beyond either end comes along, for it has a share in the outermost ones.
    """
    if ratio == 1:
        return part[:, start:stop].permute(0, 3, 1, 2)
    first, last = max(start // ratio - 1, 0), min(-(-stop // ratio) + 1, part.shape[1])
    seen = part[:, first:last].permute(0, 3, 1, 2)
    size = (ratio * (last - first), ratio * part.shape[2])
    rows = F.interpolate(seen, size, mode="bilinear", align_corners=False)
    return rows[:, :, start - first * ratio : stop - first * ratio]


def _affine(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """The factor and the summand, float64, of each channel."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
    return scale, norm.bias.double() - scale * norm.running_mean.double()


def _normed(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    """One convolution that does what both do."""
    scale, shift = _affine(norm)
    if conv.bias is not None:
        shift = shift + scale * conv.bias.double()
    both = copy.copy(conv)
    both._parameters = {}
    both.weight = nn.Parameter((conv.weight.double() * scale.reshape(-1, 1, 1, 1)).float())
    both.bias = nn.Parameter(shift.float())
    return both


def _pointwise(conv: nn.Conv2d) -> nn.Linear:
    """A 1x1 convolution as what it is for channels that come last."""
    return _linear(conv.weight.flatten(1), conv.bias)


def _linear(weight: Tensor, bias: Tensor | None = None) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
    layer.weight = nn.Parameter(weight.float())
    if bias is not None:
        layer.bias = nn.Parameter(bias.float())
    return layer
