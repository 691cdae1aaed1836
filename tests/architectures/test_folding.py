"""Networks made ready for inference, beside the ones they come from."""

import copy

import pytest
import torch
from torch import nn

from robustbench_seg.architectures import build, folding
from robustbench_seg.architectures.folding import FoldedDecoder, fold

SEGFORMERS = [
    {"size": "b0"},
    {"size": "b1", "decoder": "openmmlab"},
    {"size": "b0", "decoder_channels": 64, "stages": (2, 4)},
    {"size": "b0", "stages": (4,)},
    {"backbone": "resnet50", "decoder_channels": 64},
]
DEEPLABS = [
    {"backbone": "resnet18", "layout": "openmmlab"},
    {"backbone": "resnet50", "deep_stem": True},
    {"backbone": "resnext101"},
    {"backbone": "mobilenet_v2", "layout": "vainf"},
    {"backbone": "mobilenet_v2", "separable": True},
    {"backbone": "mobilenet_v2", "separable": True, "layout": "openmmlab"},
    {"backbone": "xception41", "layout": "tf"},
]


def trained(architecture, **variant):
    """A network whose BatchNorms have seen something."""
    torch.manual_seed(0)
    network = build(architecture, 7, **variant).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return network


def difference(network, folded, size):
    """Largest difference relative to the largest logit."""
    x = torch.rand(2, 3, *size) * 4 - 2
    with torch.inference_mode():
        expected, logits = network(x), folded(x)
    assert logits.shape == expected.shape
    return float((logits - expected).abs().max() / expected.abs().max())


@pytest.mark.parametrize("size", [(64, 96), (160, 32), (50, 77)])
@pytest.mark.parametrize("variant", SEGFORMERS, ids=str)
def test_segformer(variant, size, monkeypatch):
    """Sizes whose scales are whole multiples of each other, and one where they are not."""
    monkeypatch.setattr(folding, "STRIP", 1)
    network = trained("segformer", **variant)
    assert difference(network, fold(network), size) < 1e-5


@pytest.mark.parametrize("variant", DEEPLABS, ids=str)
def test_deeplab(variant):
    network = trained("deeplabv3plus", **variant)
    folded = fold(network)
    assert not [m for m in folded.modules() if isinstance(m, nn.BatchNorm2d)]
    assert difference(network, folded, (65, 97)) < 1e-5


def test_rows_of_the_finest_scale_are_all_in_strips(monkeypatch):
    """128 rows at 1/4 resolution are many strips; the odd height ends with a short one."""
    monkeypatch.setattr(folding, "STRIP", 2**15)
    network = trained("segformer", size="b0")
    folded = fold(network)
    assert isinstance(folded.decode_head, FoldedDecoder)
    assert difference(network, folded, (512, 64)) < 1e-5
    torch.manual_seed(1)
    scales = [
        torch.randn(1, 44 // s, 8 // s, c) for s, c in zip((1, 2, 4), (32, 64, 160), strict=True)
    ]
    decoder = trained("segformer", size="b0", stages=(1, 2, 3)).decode_head
    with torch.inference_mode():
        expected, logits = decoder(scales), FoldedDecoder(decoder)(scales)
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)


def test_the_network_itself_is_left_as_it_is_and_shares_its_weights():
    network = trained("segformer", size="b0", decoder="openmmlab")
    before = copy.deepcopy(network.state_dict())
    folded = fold(network)
    after = network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert folded.backbone.block1[0].attn.q.weight is network.backbone.block1[0].attn.q.weight
