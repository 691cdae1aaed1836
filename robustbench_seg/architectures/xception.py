"""The aligned Xception of DeepLabV3+ (arXiv 1802.02611, section 4.3 and figure 4).

With 41, 65 and 71 layers, as in TensorFlow's DeepLab library. The code of that library decides
widths, strides, the places of ReLU and BatchNorm, the start of dilation, BatchNorm's epsilon, the
tensor of low level features, and the "SAME" padding of strided convolutions, which is symmetric
(applied before the convolution, unlike TensorFlow's own).
"""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from robustbench_seg.architectures.network import Stage
from robustbench_seg.architectures.output_stride import limit_stride

ENTRY = {
    # (channels, stride) of the entry flow's blocks
    "xception41": ((128, 2), (256, 2), (728, 2)),
    "xception65": ((128, 2), (256, 2), (728, 2)),
    "xception71": ((128, 2), (256, 1), (256, 2), (728, 1), (728, 2)),
}
MIDDLE = {"xception41": 8, "xception65": 16, "xception71": 16}
"""Number of blocks of 728 channels in the middle flow."""

EPS = 1e-3
"""The eps of every BatchNorm; ten times torch's default, and ten times that of DeepLab's own
layers.
"""


class Xception(nn.Module):
    """The encoder Xception.

    It maps N x 3 x H x W to low level features N x 256 x H/4 x W/4 and high level features N x 2048
    x H/output_stride x W/output_stride. Sizes are rounded up. The low level features are the input
    of the convolution that leaves 1/4 resolution, without activation. Once `output_stride` is
    reached, strides turn into dilation. The block that loses its stride keeps the dilation of the
    previous block.
    """

    channels = (256, 2048)

    def __init__(self, name: str, output_stride: int):
        """Build the encoder.

        Args:
            name: A key of ENTRY.
            output_stride: The stride of the high level features: 8, 16 or 32.
        """
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 32, 3, 2, padding=1, bias=False),
            nn.BatchNorm2d(32, EPS),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, 64, 3, padding=1, bias=False),
            nn.BatchNorm2d(64, EPS),
            nn.ReLU(inplace=True),
        )
        widths, strides = zip(*ENTRY[name], strict=True)
        # The second strided block of the entry flow leaves 1/4 resolution.
        _, self.low_level_block, *_ = (i for i, stride in enumerate(strides) if stride == 2)
        *entry, last = limit_stride((*strides, 2), start=2, output_stride=output_stride)
        inputs = 64
        self.entry = nn.ModuleList()
        for channels, stage in zip(widths, entry, strict=True):
            self.entry.append(Block(inputs, (channels,) * 3, stage.stride, stage.previous, "conv"))
            inputs = channels
        self.middle = nn.ModuleList(
            Block(inputs, (inputs,) * 3, 1, last.previous, "sum") for _ in range(MIDDLE[name])
        )
        self.exit = nn.ModuleList(
            [
                Block(inputs, (728, 1024, 1024), last.stride, last.previous, "conv"),
                Block(1024, (1536, 1536, 2048), 1, last.dilation, "none"),
            ]
        )

    def stages(self) -> Sequence[Stage]:
        """The ends of its four stages, see SegmentationNetwork."""
        ends = (
            self.entry[self.low_level_block - 1],
            self.entry[-2],
            self.middle[-1],
            self.exit[-1],
        )
        return [(end, lambda x: x[0]) for end in ends]

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Low and high level features, see the class."""
        x = self.stem(images)
        for i, block in enumerate(self.entry):
            x, unstrided = block(x)
            if i == self.low_level_block:
                low = unstrided
        for block in (*self.middle, *self.exit):
            x, _ = block(x)
        return low, x


class Block(nn.Module):
    """Three separable convolutions, the last one strided, with a shortcut.

    Without a shortcut, an activation follows every convolution. With one, an activation precedes
    each separable convolution.
    """

    def __init__(
        self,
        inputs: int,
        channels: tuple[int, ...],
        stride: int,
        dilation: int,
        shortcut: Literal["conv", "sum", "none"],
    ):
        """Build the block.

        Args:
            inputs: Number of input channels.
            channels: Number of output channels of each separable convolution.
            stride: Stride of the last one.
            dilation: Dilation of all of them.
            shortcut: "conv" (a 1x1 convolution), "sum" (the input), or "none".
        """
        super().__init__()
        widths = (inputs, *channels)
        self.convs = nn.ModuleList(
            SeparableConv(
                widths[i],
                widths[i + 1],
                stride if i == 2 else 1,
                dilation,
                activated_first=shortcut != "none",
            )
            for i in range(3)
        )
        self.residual = shortcut != "none"
        self.shortcut: nn.Module = nn.Identity()
        if shortcut == "conv":
            conv = nn.Conv2d(inputs, channels[-1], 1, stride, bias=False)
            self.shortcut = nn.Sequential(conv, nn.BatchNorm2d(channels[-1], EPS))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the block's output and the input of its last convolution.

        Args:
            x: Float N x inputs x H x W.

        Returns:
            The output, at the block's stride, and the input of the last convolution, at the
            size of `x`.
        """
        unstrided = self.convs[1](self.convs[0](x))
        y = self.convs[2](unstrided)
        return (y + self.shortcut(x) if self.residual else y), unstrided


class SeparableConv(nn.Sequential):
    """A depthwise 3x3 and a 1x1 convolution, each followed by BatchNorm."""

    def __init__(
        self, inputs: int, outputs: int, stride: int, dilation: int, *, activated_first: bool
    ):
        """Build the two convolutions.

        Args:
            inputs: Number of input channels.
            outputs: Number of output channels.
            stride: Stride of the depthwise convolution.
            dilation: Dilation of the depthwise convolution.
            activated_first: Whether one ReLU precedes both convolutions; otherwise one follows
                each.
        """
        depthwise = nn.Conv2d(
            inputs,
            inputs,
            3,
            stride,
            padding=dilation,
            dilation=dilation,
            groups=inputs,
            bias=False,
        )
        pointwise = nn.Conv2d(inputs, outputs, 1, bias=False)

        def between() -> nn.Module:
            return nn.Identity() if activated_first else nn.ReLU(inplace=True)

        super().__init__(
            # Not in place, because the shortcut and the decoder also read the input.
            nn.ReLU() if activated_first else nn.Identity(),
            depthwise,
            nn.BatchNorm2d(inputs, EPS),
            between(),
            pointwise,
            nn.BatchNorm2d(outputs, EPS),
            between(),
        )
