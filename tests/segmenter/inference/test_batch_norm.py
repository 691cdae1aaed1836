"""The statistics of BatchNorm over images, against torch's own in training mode."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

import robustbench_seg as rs
from robustbench_seg.architectures import build
from robustbench_seg.errors import ModelError, OptionError
from robustbench_seg.segmenter import adapt
from robustbench_seg.segmenter.inference import batch_norm
from robustbench_seg.segmenter.inference.batch_norm import (
    batch_norms,
    batch_statistics,
    use_statistics,
)


def random_norms(network):
    """Give BatchNorms statistics that are not those of any image."""
    torch.manual_seed(1)
    for norm in batch_norms(network).values():
        norm.running_mean.uniform_(-0.2, 0.2)
        norm.running_var.uniform_(0.5, 2)
        nn.init.uniform_(norm.weight, 0.5, 1.5)
    return network.eval()


@pytest.fixture(scope="module")
def network():
    """DeepLabV3+: BatchNorms in parallel branches, over one value per image, and dropout."""
    torch.manual_seed(0)
    network = build("deeplabv3plus", 5, backbone="mobilenet_v2", output_stride=16)
    return random_norms(network.double())


@pytest.fixture
def two_norms():
    """Two BatchNorms in sequence, so the input of the second depends on the first."""
    torch.manual_seed(0)
    return random_norms(nn.Sequential(nn.BatchNorm2d(2), nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)))


@pytest.fixture(scope="module")
def images():
    torch.manual_seed(2)
    return [torch.randn(1, 3, 33, 49).double() * (0.5 + i) + i for i in range(3)]


def in_training(network, batch):
    """Each BatchNorm's biased statistics of one forward in training mode, and the output."""
    network, found = copy.deepcopy(network), {}
    for module in network.modules():
        module.train(isinstance(module, nn.modules.batchnorm._BatchNorm))
    for name, norm in batch_norms(network).items():

        def note(module, arguments, name=name):
            x = arguments[0].double()
            axes = [0, *range(2, x.ndim)]
            found[name] = x.mean(axes), x.var(axes, correction=0)

        norm.register_forward_pre_hook(note)
    return found, network(batch)


def close(one, other, error=1e-8):
    assert one.keys() == other.keys()
    for name in one:
        for mine, theirs in zip(one[name], other[name], strict=True):
            torch.testing.assert_close(mine.double(), theirs, rtol=error, atol=error)


@pytest.mark.parametrize("room", [batch_norm.ON_CPU, 0], ids=["one batch", "layer by layer"])
@torch.no_grad()
def test_they_are_those_of_a_forward_in_training_mode(network, images, room, monkeypatch):
    monkeypatch.setattr(batch_norm, "ON_CPU", room)
    before = copy.deepcopy(network.state_dict())
    calls = []

    def forward(batch):
        calls.append(len(batch))
        return network(batch)

    found = batch_statistics(network, forward, lambda: images, images=3)
    layers = len(batch_norms(network))
    assert calls == ([1, 3] if room else [1] + 3 * layers * [1])
    expected, output = in_training(network, torch.cat(images))
    close(found, expected)
    with use_statistics(network, found):
        torch.testing.assert_close(network(torch.cat(images)), output)
        alone = network(images[1])
    torch.testing.assert_close(alone, output[1:2])
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert not any(module._forward_pre_hooks for module in network.modules())


@torch.no_grad()
def test_their_running_variance_differs_by_bessels_factor_only():
    network = random_norms(nn.Sequential(nn.BatchNorm2d(2), nn.ReLU()))
    x = torch.randn(3, 2, 2, 2)
    found = batch_statistics(network, network, lambda: [x], images=3)
    plain = nn.BatchNorm2d(2, momentum=1.0).train()
    plain(x)
    torch.testing.assert_close(found["0"][0], plain.running_mean)
    torch.testing.assert_close(found["0"][1], plain.running_var * 11 / 12)


@torch.no_grad()
def test_images_of_several_sizes_count_by_their_pixels(two_norms):
    images = [torch.randn(1, 2, 3, 5), torch.randn(1, 2, 4, 7) + 2]
    found = batch_statistics(two_norms, two_norms, lambda: images, images=2)
    pixels = torch.cat([image.flatten(2) for image in images], 2)[..., None]
    expected, _ = in_training(two_norms, pixels)
    close(found, expected, 1e-5)


@torch.no_grad()
def test_the_order_of_the_images_does_not_matter(two_norms, monkeypatch):
    monkeypatch.setattr(batch_norm, "ON_CPU", 0)
    network = two_norms.double()
    images = [torch.randn(1, 2, 3, 5).double() * (0.5 + i) + i for i in range(3)]
    found = batch_statistics(network, network, lambda: images, images=3)
    turned = batch_statistics(network, network, lambda: images[::-1], images=3)
    close(found, {name: (m.double(), v.double()) for name, (m, v) in turned.items()})


@torch.no_grad()
def test_a_prior_mixes_the_networks_own_in(two_norms):
    x = torch.randn(4, 2, 3, 3) + 1
    found = batch_statistics(two_norms, two_norms, lambda: x.split(1), images=4, prior=12)
    first, conv, second = two_norms
    mean = (12 * first.running_mean + 4 * x.mean((0, 2, 3))) / 16
    var = (12 * first.running_var + 4 * x.var((0, 2, 3), correction=0)) / 16
    torch.testing.assert_close(found["0"], (mean, var))
    normed = (x - mean[:, None, None]) / (var[:, None, None] + first.eps).sqrt()
    y = conv(normed * first.weight[:, None, None] + first.bias[:, None, None])
    mean = (12 * second.running_mean + 4 * y.mean((0, 2, 3))) / 16
    torch.testing.assert_close(found["2"][0], mean)


def test_a_single_value_for_each_channel_is_an_error(network, images):
    with pytest.raises(ModelError, match=r"'aspp\.pool\.2' gets one value per channel; adapt"):
        batch_statistics(network, network, lambda: images[:1], images=1)
    found = batch_statistics(network, network, lambda: images[:1], images=1, prior=3)
    own = network.aspp.pool[2].running_var
    torch.testing.assert_close(found["aspp.pool.2"][1], own * 3 / 4)
    assert not any(module._forward_pre_hooks for module in network.modules())


def test_a_batch_norm_that_is_used_twice_is_an_error():
    norm = nn.BatchNorm2d(3).eval()
    network = nn.Sequential(norm, nn.ReLU(), norm)
    with pytest.raises(ModelError, match="its BatchNorm '0' is used twice, so it cannot"):
        batch_statistics(network, network, lambda: [torch.ones(1, 3, 2, 2)], images=1)


@torch.no_grad()
def test_a_device_without_memory_for_all_takes_them_one_by_one(two_norms):
    def forward(batch):
        if len(batch) > 1:
            raise torch.OutOfMemoryError
        return two_norms(batch)

    images = [torch.randn(1, 2, 3, 5) * (0.5 + i) + i for i in range(3)]
    found = batch_statistics(two_norms, forward, lambda: images, images=3)
    close(found, in_training(two_norms, torch.cat(images))[0], 1e-5)


@pytest.mark.parametrize("inference", ["whole", "slide"])
def test_a_segmenter_gets_the_statistics_of_what_its_network_sees(inference, monkeypatch):
    monkeypatch.setattr("robustbench_seg.segmenter.segmenter_options.WINDOW", (32, 16))
    segmenter = rs.load_segmenter(
        "deeplabv3plus-mobilenetv2", weights="none", adapt="bn", inference=inference
    )
    assert segmenter.name == "deeplabv3plus-mobilenetv2-untrained-bn"
    assert "folding" not in segmenter.record.laws
    assert segmenter.record.laws["adaptation"] == batch_norm.ADAPTATION_LAW
    rng = np.random.default_rng(0)
    images = [rng.integers(90 * i, 90 + 150 * i, (33, 48, 3), np.uint8) for i in range(2)]
    batch = torch.cat([each for image in images for each in segmenter.network_inputs(image)])
    assert len(batch) == (2 if inference == "whole" else 8)
    with torch.no_grad():
        expected, _ = in_training(segmenter.network, batch)
    adapted = adapt(segmenter, images)
    close(adapted.statistics, expected, 1e-3)
    before = segmenter(images[0])
    with use_statistics(segmenter.network, adapted.statistics):
        wanted = segmenter(images[0])
    assert np.array_equal(adapted(images[0]), wanted)
    assert not np.array_equal(wanted, before)
    labels, _ = adapted.with_confidence(images[0], before, [1.0])
    assert np.array_equal(labels, wanted)
    assert np.array_equal(segmenter(images[0]), before)


def test_a_segmenter_that_was_loaded_without_is_an_error():
    segmenter = rs.load_segmenter("deeplabv3plus-mobilenetv2", weights="none")
    with pytest.raises(ModelError, match="loaded without adapt; load it with adapt bn"):
        adapt(segmenter, [np.zeros((32, 32, 3), np.uint8)])


class Plain(nn.Module):
    def forward(self, images):
        return images


OBJECT = {"name": "m", "classes": ("a", "b", "c"), "mean": (0.0,) * 3, "std": (1.0,) * 3}


def test_networks_without_batch_norm_are_refused():
    with pytest.raises(ModelError, match="m cannot be adapted: it has no BatchNorm"):
        rs.load_segmenter(Plain(), adapt="bn", **OBJECT)


def test_a_users_module_and_segformers_decoder_have_some():
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 3, 1))
    assert rs.load_segmenter(network, adapt="bn", **OBJECT).name == "m-bn"
    segmenter = rs.load_segmenter("segformer-b0", weights="none", adapt="bn")
    assert list(batch_norms(segmenter.network)) == ["decode_head.linear_fuse.bn"]


def test_other_runtimes_and_callables_are_refused():
    with pytest.raises(OptionError, match="backend openvino cannot adapt a network; leave out"):
        rs.load_segmenter("segformer-b0", weights="none", adapt="bn", backend="openvino")
    with pytest.raises(
        OptionError, match="m: accepts only the options name, batch; leave out adapt"
    ):
        rs.load_segmenter(
            lambda image: image[..., 0], name="m", classes=("a",), version="1", adapt="bn"
        )
