"""MobileNetV2 (arXiv 1801.04381) as a dense feature extractor for DeepLabV3+.

Parameters are named as in torchvision: `features.<n>.conv.<m>`.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import pad

from robustbench_seg.architectures.network import Stage
from robustbench_seg.architectures.output_stride import limit_stride

STAGES = (
    # expansion, channels, blocks, stride (table 2 of the paper)
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
LOW_LEVEL_BLOCKS = 4
"""The stem and the blocks that work at 1/4 resolution or finer."""


class MobileNetV2(nn.Module):
    """The encoder MobileNetV2.

    It maps N x 3 x H x W to low level features N x 24 x H/4 x W/4 and high level features
    N x 320 x H/output_stride x W/output_stride. Once `output_stride` is reached, strides turn into
    dilation.
    """

    channels = (24, 320)

    def __init__(self, output_stride: int, *, vainf: bool):
        """Build the encoder.

        Args:
            output_stride: The stride of the high level features: 8, 16 or 32.
            vainf: The convention, because published networks differ in dilation and padding. False
                (OpenMMLab): only the first block of a stage is dilated, and depthwise convolutions
                pad. True (VainF): the first block keeps the dilation of the previous stage, and the
                others are dilated. The block's input is padded before the expansion, so the values
                outside the border are relu6(bn(0)), not 0. The stem does not pad.
        """
        super().__init__()
        stem = _conv_bn_relu6(3, 32, 3, stride=2, padding=0 if vainf else 1)
        features: list[nn.Module] = [stem]
        inputs = 32
        strides = limit_stride((s for *_, s in STAGES), start=2, output_stride=output_stride)
        for (expansion, channels, blocks, _), stage in zip(STAGES, strides, strict=True):
            first, later = (stage.previous, stage.dilation) if vainf else (stage.dilation, 1)
            for i in range(blocks):
                features.append(
                    InvertedResidual(
                        inputs,
                        channels,
                        expansion,
                        stage.stride if i == 0 else 1,
                        first if i == 0 else later,
                        pad_input=vainf,
                    )
                )
                inputs = channels
        self.features = nn.Sequential(*features)

    def stages(self) -> Sequence[Stage]:
        """The ends of its four stages, see SegmentationNetwork.

        They have 24, 32, 96 and 320 channels (table 2 of the paper; 64 to 96 keeps the resolution).
        """
        return [(self.features[i], lambda x: x) for i in (3, 6, 13, 17)]

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Low and high level features, see the class."""
        low = self.features[:LOW_LEVEL_BLOCKS](images)
        return low, self.features[LOW_LEVEL_BLOCKS:](low)


class InvertedResidual(nn.Module):
    """A 1x1 convolution that expands, a depthwise 3x3 one, and a linear 1x1 one (section 3.3)."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        expansion: int,
        stride: int,
        dilation: int,
        *,
        pad_input: bool,
    ):
        super().__init__()
        self.shortcut = stride == 1 and inputs == outputs
        self.padding = dilation if pad_input else 0
        hidden = inputs * expansion
        expand = [_conv_bn_relu6(inputs, hidden, 1)] if expansion > 1 else []
        self.conv = nn.Sequential(
            *expand,
            _conv_bn_relu6(
                hidden,
                hidden,
                3,
                stride=stride,
                padding=0 if pad_input else dilation,
                dilation=dilation,
                groups=hidden,
            ),
            nn.Conv2d(hidden, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        """N x inputs x H x W -> N x outputs x H/stride x W/stride."""
        y: Tensor = self.conv(pad(x, (self.padding,) * 4) if self.padding else x)
        return x + y if self.shortcut else y


def _conv_bn_relu6(
    inputs: int,
    outputs: int,
    kernel: int,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(inplace=True),
    )
