"""ResNet (arXiv 1512.03385) and ResNeXt (arXiv 1611.05431) as dense feature extractors.

Parameters are named as in torchvision, except for the stem: `stem.0` and `stem.1` are `conv1` and
`bn1` in torchvision.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from robustbench_seg.architectures.network import Stage
from robustbench_seg.architectures.output_stride import limit_stride
from robustbench_seg.errors import ModelError


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut (figure 5 of the paper, left).

    Only the first is strided and dilated.
    """

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int, dilation: int, groups: int = 1):
        super().__init__()
        self.conv1 = _conv3x3(inputs, width, stride, dilation, groups)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _conv3x3(width, width, 1, 1, groups)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """N x inputs x H x W -> N x width x H/stride x W/stride."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        z: Tensor = self.relu(y + self.downsample(x))
        return z


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolution with a shortcut (figure 5 of the paper, right)."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int, dilation: int, groups: int = 1):
        """Build the block.

        Args:
            inputs: Number of input channels.
            width: A quarter of the number of output channels.
            stride: Stride of the 3x3 convolution.
            dilation: Dilation of the 3x3 convolution.
            groups: Groups of the 3x3 convolution. With more than one it is the block of ResNeXt,
                with four channels per group for a width of 64.
        """
        super().__init__()
        outputs = width * self.expansion
        inner = width if groups == 1 else width * 4 // 64 * groups
        self.conv1 = nn.Conv2d(inputs, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = _conv3x3(inner, inner, stride, dilation, groups)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """N x inputs x H x W -> N x 4 width x H/stride x W/stride."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        z: Tensor = self.relu(y + self.downsample(x))
        return z


@dataclass(frozen=True)
class Form:
    """The form of a residual network.

    Attributes:
        block: Class of the blocks.
        blocks: Number of blocks of each stage.
        groups: Groups of the blocks' 3x3 convolutions.
    """

    block: type[BasicBlock | Bottleneck]
    blocks: tuple[int, int, int, int]
    groups: int = 1


FORMS = {
    "resnet18": Form(BasicBlock, (2, 2, 2, 2)),
    "resnet50": Form(Bottleneck, (3, 4, 6, 3)),
    "resnet101": Form(Bottleneck, (3, 4, 23, 3)),
    "resnext101": Form(Bottleneck, (3, 4, 23, 3), groups=64),
}


class ResNet(nn.Module):
    """The encoder ResNet or ResNeXt.

    It maps N x 3 x H x W to four tensors N x C x H/s x W/s, s = 4, 8, 16, 32 but at most
    `output_stride`. C is 64, 128, 256, 512 in resnet18, and four times as much in the others. Once
    `output_stride` is reached, strides turn into dilation. The first block of a stage keeps the
    dilation of the previous stage. The stride is on the 3x3 convolution.
    """

    def __init__(
        self,
        name: str,
        output_stride: int,
        *,
        deep_stem: bool,
        multi_grid: Sequence[int] | None = None,
    ):
        """Build the encoder.

        Args:
            name: A key of FORMS.
            output_stride: The largest stride of the features: 8, 16 or 32.
            deep_stem: Whether the stem has three 3x3 convolutions instead of one 7x7 (the "V1c"
                form, arXiv 1812.01187).
            multi_grid: The dilation of each block of the last stage, as in OpenMMLab: it replaces
                the stage's dilation, whereas arXiv 1706.05587, section 4.2.1, multiplies the two.

        Raises:
            ModelError: The number of dilations differs from the number of blocks of the last stage.
        """
        super().__init__()
        form = FORMS[name]
        if multi_grid is not None and len(multi_grid) != form.blocks[-1]:
            raise ModelError(
                f"multi_grid {list(multi_grid)} of {name}: expected one dilation for each of the "
                f"{form.blocks[-1]} blocks of the last stage"
            )
        if deep_stem:
            widths = ((3, 32, 2), (32, 32, 1), (32, 64, 1))
            convs = [nn.Conv2d(i, o, 3, s, padding=1, bias=False) for i, o, s in widths]
        else:
            convs = [nn.Conv2d(3, 64, 7, 2, padding=3, bias=False)]
        layers: list[nn.Module] = []
        for conv in convs:
            layers += [conv, nn.BatchNorm2d(conv.out_channels), nn.ReLU(inplace=True)]
        self.stem = nn.Sequential(*layers)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        expansion = form.block.expansion
        self.channels = (64 * expansion, 128 * expansion, 256 * expansion, 512 * expansion)

        stages, inputs = [], 64
        strides = limit_stride((1, 2, 2, 2), start=4, output_stride=output_stride)
        for i, (stride, dilation, previous) in enumerate(strides):
            dilations = [previous] + [dilation] * (form.blocks[i] - 1)
            if i == 3 and multi_grid is not None:
                dilations = list(multi_grid)
            stage: list[nn.Module] = []
            for each in dilations:
                stage.append(form.block(inputs, 64 * 2**i, stride, each, form.groups))
                inputs, stride = self.channels[i], 1
            stages.append(nn.Sequential(*stage))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages

    def stages(self) -> Sequence[Stage]:
        """The ends of its four stages, see SegmentationNetwork."""
        layers = (self.layer1, self.layer2, self.layer3, self.layer4)
        return [(layer, lambda x: x) for layer in layers]

    def forward(self, images: Tensor) -> list[Tensor]:
        """The features of each stage, finest first, see the class."""
        x = self.maxpool(self.stem(images))
        features = []
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
            features.append(x)
        return features


def _conv3x3(inputs: int, outputs: int, stride: int, dilation: int, groups: int) -> nn.Conv2d:
    return nn.Conv2d(
        inputs,
        outputs,
        3,
        stride,
        padding=dilation,
        dilation=dilation,
        groups=groups,
        bias=False,
    )


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    conv = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))
