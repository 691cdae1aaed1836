"""The folded network, compared with the module that it was made from."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from robustbench_seg.architectures import build
from robustbench_seg.segmenter.inference import folding
from robustbench_seg.segmenter.inference.folding import FoldedDecoder, fold

SEGFORMERS = [
    {},
    {"decoder": "openmmlab"},
    {"stages": (2, 4)},
    {"stages": (4,)},
    {"stages": (3,), "decoder": "openmmlab"},
    {"position_grid": (64, 64)},
    {"backbone": "resnet50"},
]
DEEPLABS = [
    {"layout": "vainf", "backbone": "mobilenet_v2"},
    {"layout": "openmmlab", "backbone": "resnet18"},
    {"layout": "tf", "backbone": "xception41"},
]
NETWORKS = [("segformer", variant) for variant in SEGFORMERS] + [
    ("deeplabv3plus", variant) for variant in DEEPLABS
]


def trained(architecture, variant):
    """A network with BatchNorms that have seen data."""
    torch.manual_seed(0)
    network = build(architecture, 7, **variant).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.7, 1.3)
            nn.init.normal_(module.bias, std=0.2)
    return network


@pytest.mark.parametrize(("architecture", "variant"), NETWORKS)
@torch.inference_mode()
def test_the_folded_network_is_the_same_function(architecture, variant):
    network = trained(architecture, variant)
    quick = fold(deepcopy(network))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in quick.modules())
    for size in ((2, 3, 64, 96), (1, 3, 97, 129)):
        images = torch.randn(size)
        expected = network(images)
        torch.testing.assert_close(
            quick(images), expected, rtol=0, atol=1e-5 * float(expected.abs().max())
        )


@torch.inference_mode()
def test_any_number_of_threads_gives_the_same_function():
    network, images = trained("segformer", {"size": "b0"}), torch.randn(1, 3, 97, 129)
    expected, before = network(images), torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        found = fold(deepcopy(network))(images)
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


@pytest.mark.parametrize("height", [1, 7, 16])
@torch.inference_mode()
def test_strips_of_any_height(monkeypatch, height):
    monkeypatch.setattr(folding, "STRIP", height)
    network = trained("segformer", {})
    images = torch.randn(1, 3, 90, 140)
    torch.testing.assert_close(fold(deepcopy(network))(images), network(images), rtol=0, atol=1e-5)


@torch.inference_mode()
def test_half_precision_goes_the_way_of_other_devices():
    network = trained("segformer", {})
    images, quick = torch.randn(1, 3, 64, 96), fold(deepcopy(network))
    with torch.autocast("cpu", torch.bfloat16):
        rough = quick(images)
    assert rough.dtype == torch.bfloat16
    assert 1e-6 < (rough.float() - network(images)).abs().max() < 0.05
    torch.testing.assert_close(rough.float(), network(images), rtol=0.05, atol=0.05)


@torch.inference_mode()
def test_the_way_of_other_devices(monkeypatch):
    """The same in single precision, in torch's own operations."""
    network = trained("segformer", {"decoder": "openmmlab"})
    quick, images = fold(deepcopy(network)), torch.randn(2, 3, 97, 129)
    in_strips = quick(images)
    monkeypatch.setattr(FoldedDecoder, "_in_strips", None)
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda device: True)
    torch.testing.assert_close(quick(images), in_strips, rtol=0, atol=1e-5)


def test_networks_of_others_are_left_alone():
    other = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)).eval()
    assert fold(other) is other
