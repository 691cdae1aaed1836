"""Every architecture: parameter counts, output sizes, trainability, and errors by name."""

import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from robustbench_seg.architectures import ARCHITECTURES, build
from robustbench_seg.errors import ModelError


def vainf(backbone, separable=False, output_stride=16):
    return {"backbone": backbone, "separable": separable, "output_stride": output_stride}


def openmmlab(backbone, **more):
    return {"backbone": backbone, "layout": "openmmlab", **more}


NARROW = {"channels": 128, "low_level_channels": 12}


# Counted on the originals: NVlabs/SegFormer without its unused classifier,
# VainF/DeepLabV3Plus-Pytorch, mmsegmentation 1.2.2 without the auxiliary head.
PARAMETERS = [
    ("segformer", {"size": "b0"}, 3_719_027, 3_752_694),
    ("segformer", {"size": "b1"}, 13_682_131, 13_715_798),
    ("segformer", {"size": "b2"}, 27_361_235, 27_461_974),
    ("segformer", {"size": "b3"}, 47_237_075, 47_337_814),
    ("segformer", {"size": "b4"}, 64_007_635, 64_108_374),
    ("segformer", {"size": "b5"}, 84_607_955, 84_708_694),
    ("segformer", {"size": "b0", "decoder": "openmmlab"}, 3_720_051, None),
    ("segformer", {"size": "b1", "decoder": "openmmlab"}, 13_683_155, None),
    ("segformer", {"size": "b2", "decoder": "openmmlab"}, 24_728_019, None),
    ("segformer", {"size": "b3", "decoder": "openmmlab"}, 44_603_859, None),
    ("segformer", {"size": "b4", "decoder": "openmmlab"}, 61_374_419, None),
    ("segformer", {"size": "b5", "decoder": "openmmlab"}, 81_974_739, None),
    ("deeplabv3plus", vainf("resnet50"), 39_761_331, 39_794_998),
    ("deeplabv3plus", vainf("resnet50", output_stride=8), 39_761_331, 39_794_998),
    ("deeplabv3plus", vainf("resnet50", separable=True), 26_613_859, 26_647_526),
    ("deeplabv3plus", vainf("resnet101"), 58_753_459, 58_787_126),
    ("deeplabv3plus", vainf("resnet101", separable=True), 45_605_987, None),
    ("deeplabv3plus", vainf("mobilenet_v2"), 5_225_203, 5_258_870),
    ("deeplabv3plus", vainf("mobilenet_v2", separable=True), 2_647_907, None),
    ("deeplabv3plus", openmmlab("resnet50"), 41_225_187, 41_292_390),
    ("deeplabv3plus", openmmlab("resnet101"), 60_217_315, 60_284_518),
    ("deeplabv3plus", openmmlab("mobilenet_v2"), 15_017_795, 15_084_998),
    ("deeplabv3plus", openmmlab("resnet18", **NARROW), 12_320_143, None),
    ("deeplabv3plus", openmmlab("resnet18", deep_stem=False, **NARROW), 12_300_911, None),
    ("deeplabv3plus", openmmlab("resnet50", deep_stem=False), 41_205_955, None),
    ("deeplabv3plus", openmmlab("resnet101", deep_stem=False), 60_198_083, None),
    (
        "deeplabv3plus",
        openmmlab("resnet101", output_stride=16, multi_grid=(1, 2, 4)),
        60_217_315,
        None,
    ),
]


@pytest.mark.parametrize(("architecture", "variant", "count_19", "count_150"), PARAMETERS)
def test_parameter_counts_equal_the_originals(architecture, variant, count_19, count_150):
    for classes, wanted in ((19, count_19), (150, count_150)):
        if wanted is not None:
            with torch.device("meta"):
                network = build(architecture, classes, **variant)
            assert sum(parameter.numel() for parameter in network.parameters()) == wanted


@pytest.mark.parametrize(
    ("architecture", "variant"),
    [
        ("segformer", {"size": "b2"}),
        ("deeplabv3plus", vainf("resnet50", output_stride=8)),
        ("deeplabv3plus", vainf("mobilenet_v2", separable=True)),
        ("deeplabv3plus", openmmlab("resnet50")),
        ("deeplabv3plus", openmmlab("mobilenet_v2")),
        ("deeplabv3plus", openmmlab("resnet18", align_corners=True)),
        ("deeplabv3plus", {"backbone": "xception71", "layout": "tf", "output_stride": 8}),
        ("segformer", {"size": "b1", "decoder": "openmmlab"}),
        ("segformer", {"size": "b0", "stages": (4,)}),
        ("segformer", {"size": "b0", "position_grid": (64, 96)}),
        ("segformer", {"backbone": "resnext101"}),
        # A recipe may set drop_path for all networks of an ablation.
        ("segformer", {"backbone": "resnet50", "drop_path": 0.0}),
    ],
)
def test_logits_have_a_quarter_of_the_size(architecture, variant):
    with torch.device("meta"):
        network = build(architecture, 11, **variant)
        logits = network(torch.empty(2, 3, 192, 320))
    assert logits.shape == (2, 11, 48, 80)


@pytest.mark.parametrize(
    ("architecture", "variant"),
    [
        ("segformer", {"size": "b0"}),
        ("segformer", {"size": "b0", "decoder": "openmmlab"}),
        ("segformer", {"size": "b0", "stages": (4,), "position_grid": (32, 32)}),
        ("deeplabv3plus", vainf("mobilenet_v2", separable=True)),
        ("deeplabv3plus", openmmlab("mobilenet_v2", **NARROW)),
    ],
)
def test_training_starts_at_chance_and_learns_a_batch(architecture, variant):
    torch.manual_seed(0)
    network = build(architecture, 5, **variant)
    images = torch.randn(2, 3, 64, 64)
    labels = torch.randint(5, (2, 4, 4)).repeat_interleave(4, 1).repeat_interleave(4, 2)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3)
    losses = []
    for _ in range(8):
        loss = cross_entropy(network(images), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(math.log(5), rel=0.15)
    assert losses[-1] < 0.85 * losses[0]
    unused = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert unused == []


def test_initial_deviations():
    torch.manual_seed(0)
    network = build("segformer", 19, size="b1")
    block = network.backbone.block4[0]
    assert block.mlp.fc1.weight.std().item() == pytest.approx(0.02, rel=0.02)
    # 3x3, one output channel per group: fan-out 9, not 9 x 2048.
    deviation = block.mlp.dwconv.dwconv.weight.std().item()
    assert deviation == pytest.approx(math.sqrt(2 / 9), rel=0.02)
    deviation = network.backbone.patch_embed1.proj.weight.std().item()
    assert deviation == pytest.approx(math.sqrt(2 / (49 * 64)), rel=0.02)
    assert not block.mlp.fc1.bias.any()
    assert not network.decode_head.linear_pred.bias.any()


@pytest.mark.parametrize(
    ("architecture", "variant", "message"),
    [
        (
            "segfomer",
            {},
            "unknown architecture 'segfomer'; did you mean 'segformer'? "
            "Known: segformer, deeplabv3plus",
        ),
        (
            "segformer",
            {"sise": "b0"},
            "unknown parameter of segformer 'sise'; did you mean 'size'? "
            "Known: size, decoder, eps, backbone, decoder_channels, stages, position_grid, "
            "drop_path, dropout",
        ),
        (
            "segformer",
            {"size": "b6"},
            "unknown size of segformer 'b6'. Known: b0, b1, b2, b3, b4, b5",
        ),
        ("segformer", {"eps": "nvidia"}, "unknown LayerNorm eps convention 'nvidia'"),
        (
            "deeplabv3plus",
            {"backbone": "resnet10"},
            "unknown backbone of deeplabv3plus 'resnet10'; did you mean 'resnet101'? "
            "Known: resnet18, resnet50, resnet101, resnext101, mobilenet_v2, xception41, "
            "xception65, xception71",
        ),
        (
            "deeplabv3plus",
            {"backbone": "resnet101", "multi_grid": (1, 2)},
            "multi_grid [1, 2] of resnet101: expected one dilation for each of the 3 blocks",
        ),
        (
            "deeplabv3plus",
            {"backbone": "xception65", "deep_stem": True},
            "xception65 of deeplabv3plus: only ResNet backbones take deep_stem and multi_grid",
        ),
        ("segformer", {"decoder": "openmlab"}, "decoder of segformer 'openmlab'; did you mean"),
        ("segformer", {"backbone": "resnet18"}, "Known: mit, resnet50, resnet101, resnext101"),
        (
            "segformer",
            {"backbone": "resnet50", "eps": "nvlabs"},
            "resnet50 of segformer: only the backbone mit takes size, eps and position_grid; leave",
        ),
        (
            "segformer",
            {"backbone": "resnext101", "position_grid": (768, 768)},
            "resnext101 of segformer: only the backbone mit takes size, eps and position_grid",
        ),
        (
            "segformer",
            {"backbone": "resnet50", "size": "b2"},
            "resnet50 of segformer: only the backbone mit takes size, eps and position_grid",
        ),
        (
            "segformer",
            {"stages": (4, 5)},
            "stages [4, 5] of segformer: expected some of 1, 2, 3, 4 in",
        ),
        ("deeplabv3plus", {"layout": "openmlab"}, "did you mean 'openmmlab'?"),
        (
            "deeplabv3plus",
            {"output_stride": 32},
            "output stride 32 of deeplabv3plus: expected 8 or 16",
        ),
    ],
)
def test_what_does_not_exist_is_named(architecture, variant, message):
    with pytest.raises(ModelError) as raised:
        build(architecture, 19, **variant)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_architectures_are_the_documented_ones():
    assert list(ARCHITECTURES) == ["segformer", "deeplabv3plus"]


@pytest.mark.parametrize(
    ("architecture", "variant"),
    [
        ("segformer", {"size": ["b0"]}),
        ("segformer", {"size": "b0", "position_grid": [768]}),
        ("segformer", {"size": "b0", "decoder_channels": "x"}),
        ("deeplabv3plus", {"backbone": "resnet50", "multi_grid": 4}),
        ("deeplabv3plus", {"backbone": "resnet50", "channels": -1}),
    ],
)
def test_a_value_that_no_network_has_is_one_line(architecture, variant):
    with pytest.raises(ModelError, match=f"{architecture} cannot be built with ") as caught:
        build(architecture, 3, **variant)
    assert "\n" not in str(caught.value)


def test_networks_of_tensorflow_are_seen_on_their_grid():
    with torch.device("meta"):
        assert build("deeplabv3plus", 19, backbone="xception65", layout="tf").grid == 16
        assert build("deeplabv3plus", 19, **vainf("resnet50")).grid is None
