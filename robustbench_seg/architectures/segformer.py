"""SegFormer B0-B5: Mix Transformer encoder and all-MLP decoder, arXiv 2105.15203.

Parameters bear the names of the authors' released files, without their unused `conv_seg`.
Depths and ratios follow those files where the paper's table 6 differs from them.
"""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_seg.architectures.initialisation import initialise
from robustbench_seg.architectures.mix_transformer import LayerNormEps, MixTransformer
from robustbench_seg.errors import ModelError, unknown

DEPTHS = {
    "b0": (2, 2, 2, 2),
    "b1": (2, 2, 2, 2),
    "b2": (3, 4, 6, 3),
    "b3": (3, 4, 18, 3),
    "b4": (3, 8, 27, 3),
    "b5": (3, 6, 40, 3),
}

LAYER_NORM_EPS = {
    "nvlabs": LayerNormEps(block=1e-6, embed=1e-5),
    "huggingface": LayerNormEps(block=1e-5, embed=1e-5),
    "openmmlab": LayerNormEps(block=1e-6, embed=1e-6),
}
"""Whose convention: weights only give their published output with that of their origin."""


class SegFormer(nn.Module):
    """N x 3 x H x W normalised RGB -> logits N x num_classes x H/4 x W/4 (rounded up).

    size: "b0" to "b5"
    eps: whose LayerNorm epsilons, a key of LAYER_NORM_EPS
    decoder_channels: width C of the decoder; by default the paper's 256 for b0 and b1, else 768
    drop_path, dropout: rates of stochastic depth in the encoder and of channel dropout in front
        of the classifier; both act in training only
    """

    def __init__(
        self,
        num_classes: int,
        *,
        size: str = "b0",
        eps: str = "nvlabs",
        decoder_channels: int | None = None,
        drop_path: float = 0.1,
        dropout: float = 0.1,
    ):
        super().__init__()
        if size not in DEPTHS:
            raise ModelError(unknown("size of segformer", str(size), DEPTHS))
        channels = (32, 64, 160, 256) if size == "b0" else (64, 128, 320, 512)
        width = decoder_channels or (256 if size in ("b0", "b1") else 768)
        self.backbone = MixTransformer(channels, DEPTHS[size], _eps(eps), drop_path)
        self.decode_head = MLPDecoder(channels, width, num_classes, dropout)
        initialise(self, classifier=self.decode_head.linear_pred)

    def use_eps(self, convention: str) -> None:
        """Take on the LayerNorm epsilons of whoever trained the weights (see LAYER_NORM_EPS)."""
        self.backbone.use_eps(_eps(convention))

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        logits: Tensor = self.decode_head(self.backbone(images))
        return logits


class MLPDecoder(nn.Module):
    """Project the four scales to one width, fuse them at 1/4 resolution, classify (eq. 4)."""

    def __init__(self, channels: Sequence[int], width: int, num_classes: int, dropout: float):
        super().__init__()
        for i, inputs in enumerate(channels, start=1):
            setattr(self, f"linear_c{i}", Projection(inputs, width))
        self.linear_fuse = Fusion(len(channels) * width, width)
        self.dropout = nn.Dropout2d(dropout)
        self.linear_pred = nn.Conv2d(width, num_classes, 1)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Four N x H/s x W/s x C tensors, finest first -> logits N x classes x H/4 x W/4."""
        # The equation projects, upsamples, concatenates coarse to fine, then fuses. Projection
        # and fusion are both linear and pointwise and so commute with upsampling: each scale's
        # share of the fusion is merged into its projection and applied before upsampling. The
        # same function with the same parameters, at a thirteenth of the multiplications in B0.
        height, width = features[0].shape[1:3]
        shares = self.linear_fuse.conv.weight.flatten(1).chunk(len(features), dim=1)
        fused: Tensor | None = None
        for i, share in zip(range(len(features), 0, -1), shares, strict=True):
            weight, bias = getattr(self, f"linear_c{i}").proj.parameters()
            x = F.linear(features[i - 1], share @ weight, share @ bias).permute(0, 3, 1, 2)
            if i > 1:
                x = F.interpolate(x, (height, width), mode="bilinear", align_corners=False)
            fused = x if fused is None else fused + x
        x = F.relu(self.linear_fuse.bn(fused))
        logits: Tensor = self.linear_pred(self.dropout(x))
        return logits


class Projection(nn.Module):
    """A linear layer; a module of its own for the sake of the released names."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.proj = nn.Linear(inputs, outputs)


class Fusion(nn.Module):
    """The 1x1 convolution over the concatenated scales (c4, c3, c2, c1) and its BatchNorm."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.bn = nn.BatchNorm2d(outputs)


def _eps(convention: str) -> LayerNormEps:
    if convention not in LAYER_NORM_EPS:
        raise ModelError(unknown("LayerNorm eps convention", str(convention), LAYER_NORM_EPS))
    return LAYER_NORM_EPS[convention]
