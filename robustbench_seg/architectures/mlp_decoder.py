"""The two published decoders of SegFormer: the paper's and OpenMMLab's.

Both project every scale to one width, upsample to 1/4 resolution, concatenate and fuse by a 1x1
convolution. The fusion is linear and pointwise, so it commutes with upsampling: each scale's part
of it is applied before upsampling, and the results are added. This is the same function of the same
parameters as the equation, with a fraction of the multiplications.
"""

from collections.abc import Iterable, Sequence

import torch.nn.functional as F
from torch import Tensor, nn


class Decoder(nn.Module):
    """The interface of both decoders, and what they have in common.

    Attributes:
        stages: The stages, 1 to 4, whose features the decoder sees.
        linear_pred: The classifier.
    """

    def __init__(
        self,
        channels: Sequence[int],
        stages: Sequence[int],
        width: int,
        num_classes: int,
        dropout: float,
    ):
        """Build the decoder.

        Args:
            channels: Number of channels of each of the four stages.
            stages: The stages, 1 to 4, whose features the decoder sees.
            width: Number of channels of each projection and of the fusion.
            num_classes: Number of classes.
            dropout: Rate of channel dropout before the classifier.
        """
        super().__init__()
        self.stages = tuple(stages)
        self.add_scales(channels, width)
        self.dropout = nn.Dropout2d(dropout)
        self.linear_pred = nn.Conv2d(width, num_classes, 1)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Compute logits.

        Args:
            features: Four tensors N x H/s x W/s x C, finest first.

        Returns:
            Logits N x classes x H/4 x W/4.
        """
        logits: Tensor = self.linear_pred(self.dropout(self.fuse(features)))
        return logits

    def add_scales(self, channels: Sequence[int], width: int) -> None:
        """Add the projections and the fusion, see `__init__`."""
        raise NotImplementedError

    def fuse(self, features: Sequence[Tensor]) -> Tensor:
        """Compute what the classifier sees, N x width x H/4 x W/4, from the features."""
        raise NotImplementedError

    def fusion_layer(self) -> "Fusion | None":
        """The fusion; None if there is none."""
        raise NotImplementedError

    def projections(self) -> Sequence[nn.Module]:
        """The projection of each scale that the decoder uses."""
        raise NotImplementedError

    def shares(self) -> list[Tensor]:
        """The part of the fusion for each scale: a matrix width x width."""
        raise NotImplementedError

    def macs_folded(self) -> int:
        """Count the MACs of matrices that `forward` merges, see SegmentationNetwork."""
        raise NotImplementedError

    def macs_beyond_forward(self, height: int, width: int) -> int:
        """Count the MACs of a fusion of all scales at the finest, less those of `forward`.

        Args:
            height: Height of the image, in pixels.
            width: Width of the image, in pixels.

        Returns:
            The difference, which may be negative.
        """
        raise NotImplementedError


class MLPDecoder(Decoder):
    """The paper's decoder: linear projections, fused coarse to fine, and a classifier (eq. 4).

    A single stage has no fusion: the 24.7 M parameters and 22.3 G operations in table 1d for stage
    4 alone match a projection and the classifier at 1/4 resolution. A fusion would add 0.6 M and
    9.7 G.
    """

    def add_scales(self, channels: Sequence[int], width: int) -> None:
        """See Decoder."""
        for i in self.stages:
            setattr(self, f"linear_c{i}", Projection(channels[i - 1], width))
        if len(self.stages) > 1:
            self.linear_fuse = Fusion(len(self.stages) * width, width)

    def fuse(self, features: Sequence[Tensor]) -> Tensor:
        """See Decoder."""
        size = features[0].shape[1:3]
        if len(self.stages) == 1:
            (linear,) = self.projections()
            return upsampled_sum([linear(features[self.stages[0] - 1])], size)
        # The projection is also linear, so it is merged with its part of the fusion.
        parts = []
        for i, linear, share in zip(self.stages, self.projections(), self.shares(), strict=True):
            parts.append(F.linear(features[i - 1], share @ linear.weight, share @ linear.bias))
        return F.relu(self.linear_fuse.bn(upsampled_sum(parts, size)))

    def fusion_layer(self) -> "Fusion | None":
        """See Decoder."""
        return self.linear_fuse if len(self.stages) > 1 else None

    def macs_folded(self) -> int:
        """Count the MACs of merging each projection with its part of the fusion.

        See segmenter/inference/folding.py.
        """
        if len(self.stages) == 1:
            return 0
        width = self.linear_pred.in_channels
        return sum(width * width * linear.in_features for linear in self.projections())

    def macs_beyond_forward(self, height: int, width: int) -> int:
        """See Decoder. The MACs of merging matrices are subtracted."""
        if len(self.stages) == 1:
            return 0
        channels = self.linear_pred.in_channels
        finest = pixels(height, width, 1)
        return finest * len(self.stages) * channels**2 - self.macs_folded()

    def projections(self) -> list[nn.Linear]:
        """See Decoder."""
        return [getattr(self, f"linear_c{i}").proj for i in self.stages]

    def shares(self) -> list[Tensor]:
        """See Decoder."""
        return self.linear_fuse.shares(len(self.stages))[::-1]


class ConvDecoder(Decoder):
    """OpenMMLab's decoder.

    BatchNorm and ReLU follow each projection, and fine features are first in the fusion.
    """

    def add_scales(self, channels: Sequence[int], width: int) -> None:
        """See Decoder."""
        for i in self.stages:
            conv = nn.Conv2d(channels[i - 1], width, 1, bias=False)
            projection = nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU(inplace=True))
            setattr(self, f"conv_c{i}", projection)
        self.fusion = Fusion(len(self.stages) * width, width)

    def fuse(self, features: Sequence[Tensor]) -> Tensor:
        """See Decoder."""
        parts = []
        for i, projection, share in zip(
            self.stages, self.projections(), self.shares(), strict=True
        ):
            x = projection(features[i - 1].permute(0, 3, 1, 2))
            parts.append(F.linear(x.permute(0, 2, 3, 1), share))
        return F.relu(self.fusion.bn(upsampled_sum(parts, features[0].shape[1:3])))

    def fusion_layer(self) -> "Fusion | None":
        """See Decoder."""
        return self.fusion

    def macs_folded(self) -> int:
        """Nothing is merged in `forward`."""
        return 0

    def macs_beyond_forward(self, height: int, width: int) -> int:
        """See Decoder."""
        finest = pixels(height, width, 1)
        scales = (finest - pixels(height, width, stage) for stage in self.stages)
        return sum(scales) * self.linear_pred.in_channels**2

    def projections(self) -> list[nn.Sequential]:
        """The projection of each scale that the decoder uses: convolution, BatchNorm, ReLU."""
        return [getattr(self, f"conv_c{i}") for i in self.stages]

    def shares(self) -> list[Tensor]:
        """See Decoder."""
        return self.fusion.shares(len(self.stages))


class Projection(nn.Module):
    """A linear layer in a separate module, so that its parameters have the released names."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.proj = nn.Linear(inputs, outputs)


class Fusion(nn.Module):
    """The 1x1 convolution over the concatenated scales and its BatchNorm."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def shares(self, scales: int) -> list[Tensor]:
        """Split the convolution's matrix into one for each scale.

        Args:
            scales: Number of scales.

        Returns:
            Matrices outputs x inputs/scales, in the order of concatenation.
        """
        return list(self.conv.weight.flatten(1).chunk(scales, dim=1))


def upsampled_sum(parts: Iterable[Tensor], size: Sequence[int]) -> Tensor:
    """Upsample tensors bilinearly to one size and add them.

    Args:
        parts: Tensors N x h x w x C.
        size: Height H and width W.

    Returns:
        Tensor N x C x H x W.
    """
    total: Tensor | None = None
    for part in parts:
        x = part.permute(0, 3, 1, 2)
        if x.shape[2:] != tuple(size):
            x = F.interpolate(x, tuple(size), mode="bilinear", align_corners=False)
        total = x if total is None else total + x
    assert total is not None
    return total


def pixels(height: int, width: int, stage: int) -> int:
    """Count the pixels of a stage's features.

    Args:
        height: Height of the image, in pixels.
        width: Width of the image, in pixels.
        stage: 1 to 4, at 1/4 to 1/32 of the image's size.

    Returns:
        Number of pixels.
    """
    stride = 4 * (1, 2, 4, 8)[stage - 1]
    return -(-height // stride) * -(-width // stride)
