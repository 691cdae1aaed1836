"""DeepLabV3+ (arXiv 1802.02611): atrous spatial pyramid pooling and a decoder that refines it.

Two published layouts are parameters of one implementation, so that the weights of either run
as they were trained: VainF/DeepLabV3Plus-Pytorch, close to the paper, and OpenMMLab's.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_seg.architectures.initialisation import initialise
from robustbench_seg.architectures.mobilenet_v2 import MobileNetV2
from robustbench_seg.architectures.resnet import BLOCKS, ResNet
from robustbench_seg.errors import ModelError, unknown


@dataclass(frozen=True)
class Layout:
    """What published implementations of DeepLabV3+ do not agree on.

    channels:         width of every ASPP branch and of the decoder
    project_kernel:   kernel of the convolution that fuses the ASPP branches
    pool_first:       the image pooling branch leads the ASPP concatenation, or ends it
    low_level_first:  the low level features lead the decoder's concatenation, or end it
    refinements:      3x3 convolutions in the decoder
    separable:        3x3 convolutions are depthwise separable unless asked otherwise
    norm_between:     BatchNorm and ReLU also between depthwise and pointwise convolution
    output_stride:    of the backbone unless asked otherwise
    dropout_at_aspp:  dropout of values behind the ASPP; else of channels before the classifier
    """

    channels: int
    project_kernel: int
    pool_first: bool
    low_level_first: bool
    refinements: int
    separable: bool
    norm_between: bool
    output_stride: int
    dropout_at_aspp: bool


LAYOUTS = {
    "vainf": Layout(
        channels=256,
        project_kernel=1,
        pool_first=False,
        low_level_first=True,
        refinements=1,
        separable=False,
        norm_between=False,
        output_stride=16,
        dropout_at_aspp=True,
    ),
    "openmmlab": Layout(
        channels=512,
        project_kernel=3,
        pool_first=True,
        low_level_first=False,
        refinements=2,
        separable=True,
        norm_between=True,
        output_stride=8,
        dropout_at_aspp=False,
    ),
}

BACKBONES = (*BLOCKS, "mobilenet_v2")
RATES = {16: (6, 12, 18), 8: (12, 24, 36)}
"""The dilations of the ASPP by output stride (arXiv 1706.05587, section 4.1)."""
LOW_LEVEL_CHANNELS = 48

Conv3x3 = Callable[[int, int, int], nn.Sequential]
"""(inputs, outputs, dilation) -> a 3x3 convolution with BatchNorm and ReLU."""


class DeepLabV3Plus(nn.Module):
    """N x 3 x H x W normalised RGB -> logits N x num_classes x H/4 x W/4.

    backbone: "resnet50", "resnet101" or "mobilenet_v2"
    output_stride: of the backbone, 8 or 16
    separable: 3x3 convolutions of the head as depthwise and pointwise ones
    layout: "vainf" or "openmmlab"; sets the defaults of the two above, see LAYOUTS, and the
        backbone's form: ResNet's deep stem and MobileNetV2's padding
    """

    def __init__(
        self,
        num_classes: int,
        *,
        backbone: str = "resnet50",
        output_stride: int | None = None,
        separable: bool | None = None,
        layout: str = "vainf",
        dropout: float = 0.1,
    ):
        super().__init__()
        if layout not in LAYOUTS:
            raise ModelError(unknown("layout of deeplabv3plus", str(layout), LAYOUTS))
        chosen = LAYOUTS[layout]
        stride = chosen.output_stride if output_stride is None else output_stride
        if stride not in RATES:
            raise ModelError(f"output stride {stride} of deeplabv3plus: 8 or 16 wanted")
        if backbone == "mobilenet_v2":
            self.backbone: MobileNetV2 | ResNet = MobileNetV2(stride, vainf=layout == "vainf")
        elif backbone in BLOCKS:
            self.backbone = ResNet(backbone, stride, deep_stem=layout == "openmmlab")
        else:
            raise ModelError(unknown("backbone of deeplabv3plus", str(backbone), BACKBONES))

        conv3x3: Conv3x3 = _conv3x3
        if chosen.separable if separable is None else separable:
            conv3x3 = _separable_normed if chosen.norm_between else _separable
        width, low = chosen.channels, LOW_LEVEL_CHANNELS
        rates = RATES[stride]
        at_aspp = dropout if chosen.dropout_at_aspp else 0.0
        at_classifier = 0.0 if chosen.dropout_at_aspp else dropout

        self.aspp = ASPP(self.backbone.channels, rates, chosen, conv3x3, at_aspp)
        self.low_level = _conv1x1(self.backbone.low_level_channels, low)
        self.low_level_first = chosen.low_level_first
        inputs = [width + low] + [width] * (chosen.refinements - 1)
        self.refine = nn.Sequential(*(conv3x3(i, width, 1) for i in inputs))
        self.dropout = nn.Dropout2d(at_classifier)
        self.classifier = nn.Conv2d(width, num_classes, 1)
        initialise(self, classifier=self.classifier)

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        low, high = self.backbone(images)
        low, high = self.low_level(low), self.aspp(high)
        high = F.interpolate(high, low.shape[2:], mode="bilinear", align_corners=False)
        x = torch.cat((low, high) if self.low_level_first else (high, low), dim=1)
        logits: Tensor = self.classifier(self.dropout(self.refine(x)))
        return logits


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling: a 1x1, three dilated 3x3 and the image's mean, fused.

    Training needs at least two images in a batch: the mean has one value per image and channel,
    and BatchNorm cannot normalise a single value.
    """

    def __init__(
        self,
        inputs: int,
        rates: tuple[int, ...],
        layout: Layout,
        conv3x3: Conv3x3,
        dropout: float,
    ):
        super().__init__()
        width = layout.channels
        dilated = (conv3x3(inputs, width, rate) for rate in rates)
        self.branches = nn.ModuleList([_conv1x1(inputs, width), *dilated])
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), *_conv1x1(inputs, width))
        self.pool_first = layout.pool_first
        # Always a plain convolution, also where the other 3x3 convolutions are separable.
        project = _conv3x3 if layout.project_kernel == 3 else _conv1x1
        self.project = nn.Sequential(*project((len(rates) + 2) * width, width), nn.Dropout(dropout))

    def forward(self, x: Tensor) -> Tensor:
        """N x inputs x H x W -> N x layout.channels x H x W."""
        branches = [branch(x) for branch in self.branches]
        pooled = self.pool(x).expand_as(branches[0])
        joined = [pooled, *branches] if self.pool_first else [*branches, pooled]
        y: Tensor = self.project(torch.cat(joined, dim=1))
        return y


def _conv1x1(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), *_norm_relu(outputs))


def _conv3x3(inputs: int, outputs: int, dilation: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation, bias=False)
    return nn.Sequential(conv, *_norm_relu(outputs))


def _separable(inputs: int, outputs: int, dilation: int = 1) -> nn.Sequential:
    pointwise = nn.Conv2d(inputs, outputs, 1, bias=False)
    body = nn.Sequential(_depthwise(inputs, dilation), pointwise)
    return nn.Sequential(body, *_norm_relu(outputs))


def _separable_normed(inputs: int, outputs: int, dilation: int = 1) -> nn.Sequential:
    return nn.Sequential(
        _depthwise(inputs, dilation), *_norm_relu(inputs), *_conv1x1(inputs, outputs)
    )


def _depthwise(channels: int, dilation: int) -> nn.Conv2d:
    return nn.Conv2d(
        channels, channels, 3, padding=dilation, dilation=dilation, groups=channels, bias=False
    )


def _norm_relu(channels: int) -> tuple[nn.Module, nn.Module]:
    return nn.BatchNorm2d(channels), nn.ReLU(inplace=True)
