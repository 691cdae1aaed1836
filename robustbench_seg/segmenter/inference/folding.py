"""Folds a trained network into its fastest form.

Layers that are separate only for training are merged: BatchNorm goes into the convolution before
it, and SegFormer's decoder becomes one small matrix for each scale, a sum and the classifier. The
folded network computes the same function up to the rounding of float32. It cannot be trained.
"""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from robustbench_seg.architectures import ARCHITECTURES
from robustbench_seg.architectures.mlp_decoder import Decoder
from robustbench_seg.architectures.segformer import SegFormer
from robustbench_seg.machine.row_threads import row_threads
from robustbench_seg.segmenter.labelling.interpolation import Taps, taps

FOLDING_LAW = 1
"""Increment when folding changes logits, even in the last digit."""

STRIP = 64
"""Number of rows of the decoder's sum that are in memory at once on a CPU."""


@torch.no_grad()
def fold(network: nn.Module) -> nn.Module:
    """Merge the layers of a network that can be merged.

    The network changes in place, because a copy would double the memory. Networks that are not from
    `architectures` do not change.

    Args:
        network: A network in eval mode that nothing else uses.

    Returns:
        The same network, folded. Its parameters need no gradient.
    """
    if not isinstance(network, tuple(ARCHITECTURES.values())):
        return network
    for module in list(network.modules()):
        _merge_norms(module)
    if isinstance(network, SegFormer) and network.decode_head.fusion_layer() is not None:
        network.set_submodule("decode_head", FoldedDecoder(network.decode_head))
    return network.requires_grad_(False)


def _merge_norms(module: nn.Module) -> None:
    """Merge each BatchNorm into the convolution in front of it.

    The networks of this package define the two next to each other if one follows the other.
    """
    for (name, conv), (behind, norm) in pairwise(list(module.named_children())):
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            setattr(module, name, fuse_conv_bn_eval(conv, norm))
            setattr(module, behind, nn.Identity())


class FoldedDecoder(nn.Module):
    """SegFormer's two decoders, folded.

    The decoder maps each scale, upsamples and adds the maps, and applies ReLU and the classifier.
    In the paper's decoder, the projection of a scale and its share of the fusion become one
    matrix. OpenMMLab's decoder has a ReLU between the two, so they remain two matrices.
    """

    def __init__(self, decoder: Decoder):
        """Fold a decoder.

        Args:
            decoder: A decoder with a fusion, whose BatchNorms are merged into its convolutions.
        """
        super().__init__()
        self.stages = decoder.stages
        fusion = decoder.fusion_layer()
        assert fusion is not None
        # Upsampling does not change a constant, so the first scale can add the bias of the fusion.
        bias = fusion.conv.bias
        assert bias is not None
        assert decoder.linear_pred.bias is not None
        scales: list[nn.Module] = []
        for projection, share in zip(decoder.projections(), decoder.shares(), strict=True):
            if isinstance(projection, nn.Linear):
                matrix, shift = share @ projection.weight, share @ projection.bias
                scales.append(_linear(matrix, shift + bias))
            else:
                conv = next(projection.children())
                assert isinstance(conv, nn.Conv2d)
                assert conv.bias is not None
                project = _linear(conv.weight.flatten(1), conv.bias)
                scales.append(nn.Sequential(project, nn.ReLU(inplace=True), _linear(share, bias)))
            bias = torch.zeros_like(bias)
        self.scales = nn.ModuleList(scales)
        self.classifier = _linear(decoder.linear_pred.weight.flatten(1), decoder.linear_pred.bias)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Compute logits.

        Args:
            features: Four tensors N x H/s x W/s x C, finest first.

        Returns:
            Logits N x classes x H/4 x W/4.
        """
        size = features[0].shape[1:3]
        scale_maps = [features[i - 1] for i in self.stages]
        in_torch = torch.is_autocast_enabled("cpu") or scale_maps[0].requires_grad
        if scale_maps[0].device.type == "cpu" and not in_torch:
            images = ([x[n] for x in scale_maps] for n in range(len(scale_maps[0])))
            return torch.stack([self._in_strips(image, size) for image in images])
        total: Tensor | None = None
        for x, scale in zip(scale_maps, self.scales, strict=True):
            part = scale(x).permute(0, 3, 1, 2)
            if part.shape[2:] != size:
                part = F.interpolate(part, size, mode="bilinear", align_corners=False)
            total = part if total is None else total.add_(part)
        assert total is not None
        logits: Tensor = self.classifier(total.relu_().permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return logits

    def _in_strips(self, scale_maps: Sequence[Tensor], size: torch.Size) -> Tensor:
        """Compute logits classes x H x W of one image, STRIP rows at a time; maps are h x w x C."""
        height, width = size
        weight, bias = self.classifier.weight, self.classifier.bias
        logits = weight.new_empty(len(weight), height, width)
        finest = self.scales[0] if scale_maps[0].shape[:2] == size else None
        coarse = [
            (
                scale(x).numpy(),
                taps(x.shape[0], height, align_corners=False),
                taps(x.shape[1], width, align_corners=False),
            )
            for x, scale in zip(scale_maps, self.scales, strict=True)
            if scale is not finest
        ]

        with row_threads(torch.get_num_threads()) as run:
            for top in range(0, height, STRIP):
                rows = slice(top, min(top + STRIP, height))
                if finest is None:
                    total = weight.new_zeros(rows.stop - top, width, weight.shape[1])
                else:
                    total = finest(scale_maps[0][rows])
                run(partial(_add_coarse, coarse, total, top), len(total))
                pixels = total.relu_().flatten(0, 1).T
                values = torch.addmm(bias[:, None], weight, pixels)
                logits[:, rows] = values.reshape(len(weight), -1, width)
        return logits


def _add_coarse(
    coarse: Sequence[tuple[NDArray[np.float32], Taps, Taps]],
    total: Tensor,
    top: int,
    start: int,
    stop: int,
) -> None:
    """Upsample the maps of coarse scales, and add them to some rows of their sum.

    Args:
        coarse: The maps, float32 h x w x C, with the positions of the rows and columns of the sum.
        total: Rows of the sum, float32 rows x W x C, changed in place.
        top: The row of the sum that `total` begins with.
        start: The first row of `total` to add to.
        stop: The row after the last one.
    """
    from robustbench_seg.segmenter.inference.folding_kernels import add_upsampled

    here = slice(top + start, top + stop)
    for part, (rows, weights), columns in coarse:
        add_upsampled(part, (rows[here], weights[here]), columns, total[start:stop].numpy())


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    outputs, inputs = weight.shape
    linear = nn.Linear(inputs, outputs, device="meta")
    linear.weight, linear.bias = nn.Parameter(weight), nn.Parameter(bias)
    return linear
