"""The networks of SegFormer's ablations: the paper's sizes, and what each network changes."""

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate
from torch.utils.flop_counter import FlopCounterMode

from robustbench_seg.architectures import build


def on_meta(classes=150, **variant):
    with torch.device("meta"):
        return build("segformer", classes, **variant)


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("variant", "millions"),
    [
        # Table 1b. It and table 1a round the sum; table 1d's 27.7 for B2 and 47.3 for B3 are
        # 0.2 more and the same as counted on the released files.
        ({"size": "b2", "decoder_channels": 512}, 25.8),
        ({"size": "b2"}, 27.5),
        ({"size": "b2", "decoder_channels": 1024}, 29.6),
        ({"size": "b2", "decoder_channels": 2048}, 43.4),
        # Table 1d.
        ({"size": "b2", "stages": (4,)}, 24.7),
        ({"size": "b3"}, 47.3),
        ({"backbone": "resnet50"}, 29.0),
        ({"backbone": "resnet101"}, 47.9),
        ({"backbone": "resnext101"}, 86.8),
    ],
)
def test_parameters_are_those_of_the_tables(variant, millions):
    assert round(parameters(on_meta(**variant)) / 1e6, 1) == millions


def test_table_1b_cuts_where_others_round():
    """24.761 M with 256 channels; the table says 24.7."""
    assert parameters(on_meta(size="b2", decoder_channels=256)) // 100_000 == 247


def operations(network):
    """Multiply-accumulates at 512 x 512."""
    with FlopCounterMode(display=False) as counter:
        network.eval()(torch.empty(1, 3, 512, 512, device="meta"))
    return counter.get_total_flops() / 2


def test_convolutional_encoders_do_the_operations_of_table_1d():
    # Cost of the decoder: the table counts every multiplication at 1/4 resolution.
    at_quarter = (256 + 512 / 4 + 1024 / 16 + 2048 / 64 + 4 * 768 + 150) * 768 * 128 * 128
    for backbone, table in (("resnet50", 69.2), ("resnet101", 88.7), ("resnext101", 127.5)):
        network = on_meta(backbone=backbone).backbone
        assert (operations(network) + at_quarter) / 1e9 == pytest.approx(table, rel=0.002)


def test_stage_4_alone_does_the_operations_of_table_1d():
    assert operations(on_meta(size="b2", stages=(4,))) / 1e9 == pytest.approx(22.3, rel=0.005)


def test_stage_4_alone_sees_no_finer_features():
    torch.manual_seed(0)
    network = build("segformer", 5, size="b0", stages=(4,)).eval()
    images = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        features = network.backbone(images)
        head = network.decode_head
        coarse = head.linear_pred(head.linear_c4.proj(features[3]).permute(0, 3, 1, 2))
        logits = network(images)
    # A classifier of single pixels also commutes with upsampling.
    torch.testing.assert_close(logits, interpolate(coarse, (16, 24), mode="bilinear"))
    assert logits.std() > 1e-3


def test_the_decoder_computes_equation_4():
    torch.manual_seed(0)
    network = build("segformer", 5, size="b0", decoder_channels=32, stages=(1, 3, 4)).eval()
    head = network.decode_head
    for parameter in head.parameters():
        nn.init.normal_(parameter, std=0.2)
    with torch.no_grad():
        features = network.backbone(torch.randn(1, 3, 64, 96))
        projected = [
            interpolate(projection.proj(x).permute(0, 3, 1, 2), (16, 24), mode="bilinear")
            for projection, x in (
                (head.linear_c4, features[3]),
                (head.linear_c3, features[2]),
                (head.linear_c1, features[0]),
            )
        ]
        fused = head.linear_fuse.bn(head.linear_fuse.conv(torch.cat(projected, dim=1))).relu()
        torch.testing.assert_close(head(features), head.linear_pred(fused))


def test_a_learned_position_replaces_the_convolution_and_is_interpolated():
    torch.manual_seed(0)
    network = build("segformer", 5, size="b0", position_grid=(64, 96)).eval()
    backbone = network.backbone
    assert not any("dwconv" in name for name, _ in network.named_parameters())
    assert [tuple(backbone.get_parameter(f"pos_embed{i}").shape) for i in range(1, 5)] == [
        (1, 16, 24, 32),
        (1, 8, 12, 64),
        (1, 4, 6, 160),
        (1, 2, 3, 256),
    ]
    seen = []
    backbone.block1[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        ramp = torch.arange(24.0).expand(16, 24)
        backbone.pos_embed1.copy_(ramp[None, :, :, None].expand(1, 16, 24, 32))
        for height, width in ((64, 96), (128, 192)):
            images = torch.zeros(1, 3, height, width)
            backbone(images)
            seen[-1] = seen[-1] - backbone.patch_embed1(images.permute(0, 2, 3, 1))
    torch.testing.assert_close(seen[0][0, 0, :, 0], torch.arange(24.0))
    # Half a pixel finer: 0, 0.25, 0.75, 1.25, ... clamped at the ends.
    wanted = ((torch.arange(48) + 0.5) / 2 - 0.5).clamp(0, 23)
    torch.testing.assert_close(seen[1][0, 5, :, 7], wanted)


def test_table_1c_replaces_nothing_but_the_position():
    plain, learned = (
        dict(on_meta(size="b2", position_grid=grid).named_parameters())
        for grid in (None, (768, 768))
    )
    gone = {name for name in plain if name not in learned}
    assert gone == {name for name in plain if "dwconv" in name}
    assert {name for name in learned if name not in plain} == {
        f"backbone.pos_embed{i}" for i in range(1, 5)
    }
