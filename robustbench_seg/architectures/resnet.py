"""ResNet-50 and ResNet-101 (arXiv 1512.03385) as dense feature extractors for DeepLabV3+.

Parameters are named as in torchvision, but for the stem: `stem.0` and `stem.1` there are
`conv1` and `bn1`.
"""

from torch import Tensor, nn

BLOCKS = {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3)}


class ResNet(nn.Module):
    """N x 3 x H x W -> (N x 256 x H/4 x W/4, N x 2048 x H/output_stride x W/output_stride).

    Once `output_stride` is reached, strides turn into dilation; the first block of a stage keeps
    the dilation of the stage before. The stride lies on the 3x3 convolution.

    deep_stem: three 3x3 convolutions instead of one 7x7 (the "V1c" form, arXiv 1812.01187)
    """

    low_level_channels = 256
    channels = 2048

    def __init__(self, name: str, output_stride: int, *, deep_stem: bool):
        super().__init__()
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

        stages = []
        inputs, reached, dilation = 64, 4, 1
        for i, blocks in enumerate(BLOCKS[name]):
            stride, first_dilation = (1 if i == 0 else 2), dilation
            if reached == output_stride:
                dilation, stride = dilation * stride, 1
            reached *= stride
            width = 64 * 2**i
            stage = [Bottleneck(inputs, width, stride, first_dilation)]
            inputs = width * Bottleneck.expansion
            stage += [Bottleneck(inputs, width, 1, dilation) for _ in range(blocks - 1)]
            stages.append(nn.Sequential(*stage))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Low and high level features, see the class."""
        low = x = self.layer1(self.maxpool(self.stem(images)))
        for stage in (self.layer2, self.layer3, self.layer4):
            x = stage(x)
        return low, x


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolution beside a shortcut (figure 5 of the paper)."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int, dilation: int):
        super().__init__()
        outputs = width * self.expansion
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(
            width, width, 3, stride, padding=dilation, dilation=dilation, bias=False
        )
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module = nn.Identity()
        if stride > 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """N x inputs x H x W -> N x 4 width x H/stride x W/stride."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        z: Tensor = self.relu(y + self.downsample(x))
        return z
