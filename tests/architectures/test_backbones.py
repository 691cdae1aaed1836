"""Strides and dilations of the DeepLabV3+ backbones, layer by layer."""

import pytest
import torch
from torch import nn

from robustbench_seg.architectures.mobilenet_v2 import MobileNetV2
from robustbench_seg.architectures.resnet import ResNet


def dilations(network, kernel=(3, 3)):
    """(stride, dilation) of the 3x3 convolution of every block, in order."""
    return [
        (module.stride[0], module.dilation[0])
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d)
        and module.kernel_size == kernel
        and not name.startswith(("stem", "features.0."))
    ]


@pytest.mark.parametrize(
    ("output_stride", "last_stages"),
    [
        (16, [(2, 1)] + [(1, 1)] * 5 + [(1, 1), (1, 2), (1, 2)]),
        (8, [(1, 1)] + [(1, 2)] * 5 + [(1, 2), (1, 4), (1, 4)]),
    ],
)
def test_resnet50_dilates_from_the_second_block_of_a_stage(output_stride, last_stages):
    with torch.device("meta"):
        network = ResNet("resnet50", output_stride, deep_stem=False)
        low, _, _, high = network(torch.empty(1, 3, 128, 192))
    assert dilations(network) == [(1, 1)] * 3 + [(2, 1)] + [(1, 1)] * 3 + last_stages
    assert low.shape == (1, 256, 32, 48)
    assert high.shape == (1, 2048, 128 // output_stride, 192 // output_stride)


def test_multi_grid_sets_the_dilations_of_the_last_stage():
    with torch.device("meta"):
        network = ResNet("resnet101", 16, deep_stem=True, multi_grid=(1, 2, 4))
        features = network(torch.empty(1, 3, 128, 192))
    assert dilations(network)[-4:] == [(1, 1), (1, 1), (1, 2), (1, 4)]
    assert [tuple(x.shape[1:]) for x in features] == [
        (256, 32, 48),
        (512, 16, 24),
        (1024, 8, 12),
        (2048, 8, 12),
    ]


def test_only_the_first_convolution_of_a_basic_block_is_dilated():
    with torch.device("meta"):
        network = ResNet("resnet18", 8, deep_stem=False)
        features = network(torch.empty(1, 3, 97, 161))
    assert dilations(network)[8:] == [(1, 1)] * 2 + [(1, 2), (1, 1)] * 2 + [(1, 4), (1, 1)]
    assert [tuple(x.shape[1:]) for x in features] == [
        (64, 25, 41),
        (128, 13, 21),
        (256, 13, 21),
        (512, 13, 21),
    ]


FINE = [(1, 1), (2, 1), (1, 1), (2, 1), (1, 1), (1, 1)]


@pytest.mark.parametrize(
    ("vainf", "output_stride", "coarse"),
    [
        (True, 16, [(2, 1), *[(1, 1)] * 6, (1, 1), (1, 2), (1, 2), (1, 2)]),
        (True, 8, [(1, 1), *[(1, 2)] * 6, (1, 2), (1, 4), (1, 4), (1, 4)]),
        # OpenMMLab dilates only the first block of a stage: 64, 96, 160 and 320 channels.
        (
            False,
            8,
            [
                *[(1, 2), (1, 1), (1, 1), (1, 1)],
                *[(1, 2), (1, 1), (1, 1)],
                *[(1, 4), (1, 1), (1, 1)],
                (1, 4),
            ],
        ),
    ],
)
def test_mobilenet_v2_strides_and_dilations(vainf, output_stride, coarse):
    with torch.device("meta"):
        network = MobileNetV2(output_stride, vainf=vainf)
        low, high = network(torch.empty(1, 3, 128, 192))
    assert dilations(network) == FINE + coarse
    assert low.shape == (1, 24, 32, 48)
    assert high.shape == (1, 320, 128 // output_stride, 192 // output_stride)


def test_mobilenet_v2_of_vainf_pads_in_front_of_the_expansion():
    network = MobileNetV2(16, vainf=True).eval()
    block = network.features[3]
    nn.init.constant_(block.conv[0][1].bias, 1.0)
    seen = []
    block.conv[1][0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        network.features(torch.zeros(1, 3, 64, 64))
    # What the depthwise convolution sees beyond the border is relu6(bn(0)) = 1, not 0.
    assert (seen[0][:, :, 0, :] == 1).all()
