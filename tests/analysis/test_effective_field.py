"""Effective receptive fields of networks with known fields, and of every encoder."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from robustbench_seg.analysis import EffectiveField, central_crop, effective_fields, encoder_stages
from robustbench_seg.architectures import SegmentationNetwork, build
from robustbench_seg.errors import DatasetError, ModelError
from robustbench_seg.records.cards.model_card import load_card


def ones(stride=1, dilation=1, channels=(3, 1)):
    conv = nn.Conv2d(*channels, 3, stride, padding=dilation, dilation=dilation, bias=False)
    nn.init.ones_(conv.weight)
    return conv


def fields_of(*layers, size=(33, 49), images=2):
    network = nn.Sequential(*layers).eval()
    taps = {"first": (network[0], lambda x: x)}
    rng = torch.Generator().manual_seed(0)
    return effective_fields(
        network, taps, (torch.randn(1, 3, *size, generator=rng) for _ in range(images))
    )


def kernel_of(*taps):
    """Where a chain of 1-d kernels of ones, given as lists of offsets, reaches, and how often."""
    counts = {0: 1}
    for offsets in taps:
        reached = {}
        for place, number in counts.items():
            for offset in offsets:
                reached[place + offset] = reached.get(place + offset, 0) + number
        counts = reached
    return counts


def pattern(counts, size, centre):
    lines = [
        np.array([counts.get(i - middle, 0) for i in range(side)], float)
        for side, middle in zip(size, centre, strict=True)
    ]
    return 3 * np.outer(*lines)  # the input's three channels


THREE = (-1, 0, 1)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_stack_of_ones_has_the_trinomial_field(depth):
    layers = [ones()] + [ones(channels=(1, 1)) for _ in range(depth - 1)]
    head = fields_of(*layers)["head"]
    assert head.centre == (16, 24)
    np.testing.assert_allclose(
        head.energy, pattern(kernel_of(*[THREE] * depth), (33, 49), (16, 24)), rtol=1e-6
    )
    assert head.radius(1) == pytest.approx(depth * math.sqrt(2))


def test_dilation_leaves_holes_in_the_field():
    head = fields_of(ones(), ones(dilation=4, channels=(1, 1)))["head"]
    counts = kernel_of(THREE, (-4, 0, 4))
    assert counts.get(2) is None
    np.testing.assert_allclose(head.energy, pattern(counts, (33, 49), (16, 24)), rtol=1e-6)


def test_strides_move_the_centre_to_its_pixel():
    size = (32, 64)
    fields = fields_of(ones(2), ones(2, channels=(1, 1)), ones(channels=(1, 1)), size=size)
    assert fields["first"].centre == fields["head"].centre == (16, 32)
    counts = kernel_of((-4, 0, 4), (-2, 0, 2), THREE)
    np.testing.assert_allclose(fields["head"].energy, pattern(counts, size, (16, 32)), rtol=1e-6)
    np.testing.assert_allclose(
        fields["first"].energy, pattern(kernel_of(THREE), size, (16, 32)), rtol=1e-6
    )
    # Seven pixels to each side: 1 + 2 + 4.
    assert fields["head"].radius(1) == pytest.approx(7 * math.sqrt(2))


def test_energy_is_the_mean_over_images_of_the_absolute_gradient():
    class Squared(nn.Module):
        def forward(self, x):
            return -(x**2)

    images = [torch.full((1, 3, 5, 5), value) for value in (1.0, -3.0)]
    (field,) = effective_fields(Squared(), {}, images).values()
    expected = np.zeros((5, 5))
    expected[2, 2] = 3 * (2 * 1 + 2 * 3) / 2  # |d -x^2 / dx| of three channels
    np.testing.assert_allclose(field.energy, expected)


def test_gpus_compute_fields_in_float32_as_such(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    effective_fields(torch.nn.Conv2d(3, 2, 3, padding=1), {}, [torch.ones(1, 3, 8, 8)])
    assert not torch.backends.cudnn.allow_tf32


def test_radii_of_a_field_known_in_closed_form():
    rows, columns = np.indices((401, 401)) - 200
    squared = rows**2 + columns**2
    normal = EffectiveField(np.exp(-squared / (2 * 20.0**2)), (200, 200))
    # A disc of radius r holds 1 - exp(-r^2 / (2 sigma^2)) of a two-dimensional normal density.
    for share in (0.5, 0.95):
        assert normal.radius(share) == pytest.approx(20 * math.sqrt(-2 * math.log(1 - share)), 0.02)
    disc = EffectiveField((squared <= 100**2).astype(float), (200, 200))
    assert disc.radius(0.5) == pytest.approx(100 * math.sqrt(0.5), 0.02)
    assert disc.radius(1) == 100


def test_a_single_pixel_has_radius_0():
    energy = np.zeros((7, 9))
    energy[3, 4] = 2.0
    assert EffectiveField(energy, (3, 4)).radius(0.95) == 0
    assert EffectiveField(energy, (3, 1)).radius(0.95) == 3


def test_channels_that_are_normalised_together_do_not_cancel():
    class Normalised(nn.Module):
        def forward(self, x):
            return nn.functional.layer_norm(x.permute(0, 2, 3, 1), (3,)).permute(0, 3, 1, 2)

    rng = torch.Generator().manual_seed(0)
    images = [torch.randn(1, 3, 3, 3, generator=rng, dtype=torch.float64) for _ in range(400)]
    (field,) = effective_fields(Normalised(), {}, images).values()
    assert np.count_nonzero(field.energy) == 1
    # Independently: the mean over all eight choices of signs, with the Jacobian written out.
    expected = 0.0
    for image in images:
        x = image[0, :, 1, 1].numpy()
        spread = np.sqrt(x.var() + 1e-5)
        y = (x - x.mean()) / spread
        jacobian = (np.eye(3) - 1 / 3 - np.outer(y, y) / 3) / spread
        np.testing.assert_allclose(np.ones(3) @ jacobian, 0, atol=1e-9)  # a sum without signs is 0
        signs = np.array(np.meshgrid(*[[-1, 1]] * 3)).reshape(3, 8)
        expected += np.abs(signs.T @ jacobian).sum() / 8 / len(images)
    assert field.energy[1, 1] == pytest.approx(expected, rel=0.1)


ENCODERS = [
    ("segformer", {"size": "b0"}, (4, 8, 16, 32)),
    ("segformer", {"backbone": "resnet50"}, (4, 8, 16, 32)),
    ("deeplabv3plus", {"backbone": "resnet18", "output_stride": 8}, (4, 8, 8, 8)),
    ("deeplabv3plus", {"backbone": "mobilenet_v2", "output_stride": 16}, (4, 8, 16, 16)),
    ("deeplabv3plus", {"backbone": "mobilenet_v2", "layout": "openmmlab"}, (4, 8, 8, 8)),
    ("deeplabv3plus", {"backbone": "xception41", "layout": "tf"}, (4, 8, 16, 16)),
    ("deeplabv3plus", {"backbone": "xception71", "layout": "tf"}, (4, 8, 16, 16)),
]


@pytest.mark.parametrize(("architecture", "variant", "strides"), ENCODERS)
def test_stages_end_at_their_resolution(architecture, variant, strides):
    with torch.device("meta"):
        network = build(architecture, 5, **variant).eval()
    seen = {}
    for name, (module, see) in encoder_stages(network).items():
        module.register_forward_hook(
            lambda _, __, out, name=name, see=see: seen.update({name: see(out).shape[2:]})
        )
    network(torch.empty(1, 3, 128, 256, device="meta"))
    assert list(seen) == ["stage 1", "stage 2", "stage 3", "stage 4"]
    for shape, stride in zip(seen.values(), strides, strict=True):
        # A stem without padding (VainF's MobileNetV2) ends one short.
        assert shape[0] in (128 // stride, 128 // stride - 1), seen
        assert shape[1] in (256 // stride, 256 // stride - 1), seen


def test_nothing_lies_outside_of_a_convolution_s_reach():
    torch.manual_seed(0)
    network = build("deeplabv3plus", 5, backbone="resnet18", layout="vainf").eval()
    fields = effective_fields(network, encoder_stages(network), [torch.randn(1, 3, 128, 192)])
    # Stem 7x7 / 2, maximum 3x3 / 2, four 3x3 at 1/4: 3 + 2 * 1 + 4 * 4 pixels to each side.
    rows, columns = np.nonzero(fields["stage 1"].energy)
    assert (rows.min(), rows.max()) == (64 - 21, 64 + 21)
    assert (columns.min(), columns.max()) == (96 - 21, 96 + 21)
    # The image pooling of the head sees everything.
    assert (fields["head"].energy > 0).mean() > 0.99


def test_attention_reaches_everywhere_from_the_first_stage_on():
    torch.manual_seed(0)
    network = build("segformer", 5, size="b0").eval()
    fields = effective_fields(network, encoder_stages(network), [torch.randn(1, 3, 64, 128)])
    assert list(fields) == ["stage 1", "stage 2", "stage 3", "stage 4", "head"]
    assert all((field.energy > 0).mean() > 0.99 for field in fields.values())
    assert all(field.centre == (32, 64) for field in fields.values())
    assert not network._forward_hooks


def test_a_network_that_declares_no_stages_is_refused():
    with pytest.raises(ModelError, match=r"^SegmentationNetwork: this encoder does not"):
        encoder_stages(SegmentationNetwork())


def test_the_crop_is_what_the_network_sees():
    image = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    card = load_card("segformer-b0")
    crop = central_crop(image, card, (64, 128))
    expected = (image[68:132, 86:214] / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(crop[0].permute(1, 2, 0), expected, rtol=1e-4, atol=1e-5)
    scaled = load_card("segformer-b0-512")
    assert central_crop(image, scaled, (512, 768)).shape == (1, 3, 512, 768)
    with pytest.raises(DatasetError) as error:
        central_crop(image, card, (512, 768))
    assert str(error.value) == (
        "an image has 200x300 pixels at the input of segformer-b0, which is smaller than the "
        "crop of 512x768; choose a smaller size"
    )


@pytest.mark.parametrize("side", [100, 200])
def test_the_centre_is_where_the_energy_is_also_where_sides_are_rounded_up(side):
    network = build("segformer", 5, size="b0").eval()
    images = (torch.randn(1, 3, side, side, generator=torch.manual_seed(i)) for i in range(2))
    fields = effective_fields(network, encoder_stages(network), images)
    for stage, stride in (("stage 3", 16), ("stage 4", 32)):
        middle = -(-side // stride) // 2
        assert fields[stage].centre == (middle * stride, middle * stride)
