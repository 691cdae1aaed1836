"""DeepLabV3+ (arXiv 1802.02611): atrous spatial pyramid pooling, refined by a decoder.

One implementation has parameters for three published layouts, so that the weights of each run as
they were trained: TensorFlow's DeepLab library (the paper's), VainF/DeepLabV3Plus-Pytorch (close to
the paper) and OpenMMLab.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_seg.architectures.initialisation import initialise
from robustbench_seg.architectures.mobilenet_v2 import MobileNetV2
from robustbench_seg.architectures.network import SegmentationNetwork, Stage
from robustbench_seg.architectures.resnet import FORMS, ResNet
from robustbench_seg.architectures.xception import ENTRY, Xception
from robustbench_seg.errors import ModelError, unknown


@dataclass(frozen=True)
class Layout:
    """The differences between published implementations of DeepLabV3+.

    Attributes:
        channels: Width of every ASPP branch and of the decoder, by default.
        project_kernel: Kernel size of the convolution that fuses the ASPP branches.
        pool_first: Whether the image pooling branch is first in the ASPP concatenation; otherwise
            it is last.
        low_level_first: Whether the low level features are first in the decoder's concatenation;
            otherwise they are last.
        refinements: Number of 3x3 convolutions in the decoder.
        separable: Whether 3x3 convolutions are depthwise separable, by default.
        norm_between: Whether there are also BatchNorm and ReLU between the depthwise and the
            pointwise convolution.
        output_stride: Output stride of the backbone, by default.
        dropout_at_aspp: Whether dropout acts on values after the ASPP; otherwise it acts on
            channels before the classifier.
        align_corners: Whether the ASPP is upsampled with aligned centres of the corner pixels, by
            default.
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
    align_corners: bool


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
        align_corners=False,
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
        align_corners=False,
    ),
    "tf": Layout(
        channels=256,
        project_kernel=1,
        pool_first=True,
        low_level_first=False,
        refinements=2,
        separable=True,
        norm_between=True,
        output_stride=16,
        dropout_at_aspp=True,
        align_corners=True,
    ),
}

BACKBONES = (*FORMS, "mobilenet_v2", *ENTRY)
RATES = {16: (6, 12, 18), 8: (12, 24, 36)}
"""The dilations of the ASPP by output stride (arXiv 1706.05587, section 4.1)."""

Conv3x3 = Callable[[int, int, int], nn.Sequential]
"""(inputs, outputs, dilation) -> a 3x3 convolution with BatchNorm and ReLU."""


class DeepLabV3Plus(SegmentationNetwork):
    """A dilated backbone, atrous spatial pyramid pooling (ASPP) and a decoder.

    It maps N x 3 x H x W, normalised RGB, to logits N x num_classes x H/4 x W/4.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        backbone: str = "resnet50",
        output_stride: int | None = None,
        separable: bool | None = None,
        align_corners: bool | None = None,
        deep_stem: bool | None = None,
        multi_grid: Sequence[int] | None = None,
        channels: int | None = None,
        low_level_channels: int = 48,
        layout: str = "vainf",
        dropout: float = 0.1,
    ):
        """Build the network.

        Args:
            num_classes: Number of classes.
            backbone: "resnet18", "resnet50", "resnet101", "resnext101", "mobilenet_v2",
                "xception41", "xception65" or "xception71".
            output_stride: Output stride of the backbone, 8 or 16. None: as in the layout.
            separable: Whether the head's 3x3 convolutions are depthwise and pointwise ones. None:
                as in the layout.
            align_corners: How the ASPP is upsampled. The upsampling of the logits to the image,
                which is not part of the network, uses the same value (attribute `align_corners`).
                None: as in the layout.
            deep_stem: Whether ResNet has three 3x3 convolutions instead of one 7x7. None: only
                with the layout "openmmlab".
            multi_grid: Dilations of the blocks of ResNet's last stage, such as (1, 2, 4).
            channels: Width of the head. None: as in the layout. OpenMMLab's network with ResNet-18
                has 128.
            low_level_channels: Width of the low level features in the head. OpenMMLab's network
                with ResNet-18 has 12.
            layout: "vainf", "openmmlab" or "tf". It sets the defaults above (see LAYOUTS) and
                MobileNetV2's padding. Published TF weights exist for Xception only.
            dropout: Rate of dropout, in training only.

        Raises:
            ModelError: A value is unknown, or deep_stem or multi_grid is given for a backbone
                other than ResNet.
        """
        super().__init__()
        if layout not in LAYOUTS:
            raise ModelError(unknown("layout of deeplabv3plus", str(layout), LAYOUTS))
        own = LAYOUTS[layout]
        form = replace(
            own,
            output_stride=own.output_stride if output_stride is None else output_stride,
            separable=own.separable if separable is None else separable,
            align_corners=own.align_corners if align_corners is None else align_corners,
            channels=own.channels if channels is None else channels,
        )
        stride = form.output_stride
        if stride not in RATES:
            raise ModelError(f"output stride {stride} of deeplabv3plus: expected 8 or 16")
        if backbone not in BACKBONES:
            raise ModelError(unknown("backbone of deeplabv3plus", str(backbone), BACKBONES))
        if backbone not in FORMS and not (deep_stem is None and multi_grid is None):
            raise ModelError(
                f"{backbone} of deeplabv3plus: only ResNet backbones take deep_stem and "
                "multi_grid; leave them out"
            )
        self.backbone: MobileNetV2 | ResNet | Xception
        if backbone == "mobilenet_v2":
            self.backbone = MobileNetV2(stride, vainf=layout == "vainf")
        elif backbone in ENTRY:
            self.backbone = Xception(backbone, stride)
        else:
            deep = layout == "openmmlab" if deep_stem is None else deep_stem
            self.backbone = ResNet(backbone, stride, deep_stem=deep, multi_grid=multi_grid)

        conv3x3: Conv3x3 = _conv3x3
        if form.separable:
            conv3x3 = _separable_normed if form.norm_between else _separable
        width, low = form.channels, low_level_channels
        rates = RATES[stride]
        at_aspp = dropout if form.dropout_at_aspp else 0.0
        at_classifier = 0.0 if form.dropout_at_aspp else dropout

        self.aspp = ASPP(self.backbone.channels[-1], rates, form, conv3x3, at_aspp)
        self.low_level = _conv1x1(self.backbone.channels[0], low)
        self.low_level_first = form.low_level_first
        self.align_corners = form.align_corners
        # TensorFlow's evaluation also pads 1024x2048 to 1025x2049, so that the aligned corners of
        # all strides lie on the same pixels.
        self.grid = stride if layout == "tf" else None
        inputs = [width + low] + [width] * (form.refinements - 1)
        self.refine = nn.Sequential(*(conv3x3(i, width, 1) for i in inputs))
        self.dropout = nn.Dropout2d(at_classifier)
        self.classifier = nn.Conv2d(width, num_classes, 1)
        initialise(self, classifier=self.classifier)

    def encoder_stages(self) -> Sequence[Stage]:
        """See SegmentationNetwork."""
        return self.backbone.stages()

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        low, *_, high = self.backbone(images)
        low, high = self.low_level(low), self.aspp(high)
        size, aligned = low.shape[2:], self.align_corners
        high = F.interpolate(high, size, mode="bilinear", align_corners=aligned)
        x = torch.cat((low, high) if self.low_level_first else (high, low), dim=1)
        logits: Tensor = self.classifier(self.dropout(self.refine(x)))
        return logits


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling: a 1x1 convolution, three dilated 3x3 ones and the image's
    mean, fused.

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
        # Always a plain convolution, even if the other 3x3 convolutions are separable.
        project = _conv3x3 if layout.project_kernel == 3 else _conv1x1
        self.project = nn.Sequential(*project((len(rates) + 2) * width, width), nn.Dropout(dropout))

    def forward(self, x: Tensor) -> Tensor:
        """Compute the fused features.

        Args:
            x: Float N x inputs x H x W.

        Returns:
            Float N x layout.channels x H x W.
        """
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
