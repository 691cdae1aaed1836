"""DeepLabV3+ on the aligned Xception, against the same network run variable by variable.

The reference below follows TensorFlow's DeepLab library (core/xception.py and model.py): each
operation asks for its variables by their names in a checkpoint, in TensorFlow's shapes. What it
asked for is then a checkpoint, which must fit our network and give the same logits.
"""

import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from bundle_writer import write_bundle

from robustbench_seg.architectures import build
from robustbench_seg.weights import load_encoder, load_weights

ENTRY = {41: ((128, 2), (256, 2), (728, 2)), 71: ((128, 2), (256, 1), (256, 2), (728, 1), (728, 2))}
LOW_LEVEL = {41: "entry_flow/block2", 71: "entry_flow/block3"}
MIDDLE_UNITS = {41: 8, 71: 16}


class Reference:
    """A DeepLabV3+ of 7 classes in float64 that creates each variable at its first use."""

    def __init__(self, depth: int, output_stride: int):
        self.depth, self.output_stride = depth, output_stride
        self.random = np.random.RandomState(0)
        self.variables: dict[str, np.ndarray] = {}

    def variable(self, name, low, high, *shape):
        value = self.random.uniform(low, high, shape).astype(np.float32)
        self.variables[name] = value
        return torch.from_numpy(value).double()

    def norm(self, x, scope, eps):
        c, scope = x.shape[1], f"{scope}/BatchNorm"
        # Chosen so that inputs and outputs of a separable convolution have similar magnitudes.
        gamma = self.variable(f"{scope}/gamma", 0.8, 1.2, c)
        beta = self.variable(f"{scope}/beta", -0.1, 0.1, c)
        mean = self.variable(f"{scope}/moving_mean", -0.1, 0.1, c)
        variance = self.variable(f"{scope}/moving_variance", 0.5, 1.0, c)
        gamma, beta, mean, variance = (v[:, None, None] for v in (gamma, beta, mean, variance))
        return (x - mean) / torch.sqrt(variance + eps) * gamma + beta

    def conv(self, x, outputs, kernel, scope, *, stride=1, relu=True, eps=1e-3):
        """slim.conv2d and resnet_utils.conv2d_same: padded alike before and behind."""
        reach = (3 / (kernel * kernel * x.shape[1])) ** 0.5
        weights = self.variable(
            f"{scope}/weights", -reach, reach, kernel, kernel, x.shape[1], outputs
        )
        x = F.pad(x, (kernel // 2,) * 4)
        y = self.norm(F.conv2d(x, weights.permute(3, 2, 0, 1), stride=stride), scope, eps)
        return y.relu() if relu else y

    def separable(self, x, outputs, scope, *, stride=1, rate=1, relu=True, eps=1e-3):
        c = x.shape[1]
        weights = self.variable(f"{scope}_depthwise/depthwise_weights", -0.6, 0.6, 3, 3, c, 1)
        x = F.pad(x, (rate,) * 4)
        y = F.conv2d(x, weights.permute(2, 3, 0, 1), stride=stride, dilation=rate, groups=c)
        y = self.norm(y, f"{scope}_depthwise", eps)
        y = y.relu() if relu else y
        return self.conv(y, outputs, 1, f"{scope}_pointwise", relu=relu, eps=eps)

    def unit(self, x, depths, scope, *, skip, stride, rate):
        scope, inner, y = f"{scope}/xception_module", skip == "none", x
        for i, depth in enumerate(depths):
            y = self.separable(
                y if inner else y.relu(),
                depth,
                f"{scope}/separable_conv{i + 1}",
                stride=stride if i == 2 else 1,
                rate=rate,
                relu=inner,
            )
            if i == 1:
                self.end_points[scope] = y
        if skip == "conv":
            x = self.conv(x, depths[-1], 1, f"{scope}/shortcut", stride=stride, relu=False)
        return y if inner else x + y

    def features(self, images):
        net = f"xception_{self.depth}"
        self.end_points: dict[str, torch.Tensor] = {}
        x = self.conv(images, 32, 3, f"{net}/entry_flow/conv1_1", stride=2)
        x = self.conv(x, 64, 3, f"{net}/entry_flow/conv1_2")
        blocks = [
            (f"entry_flow/block{i}/unit_1", (depth,) * 3, "conv", stride)
            for i, (depth, stride) in enumerate(ENTRY[self.depth], start=1)
        ]
        blocks += [
            (f"middle_flow/block1/unit_{i}", (728,) * 3, "sum", 1)
            for i in range(1, MIDDLE_UNITS[self.depth] + 1)
        ]
        blocks += [
            ("exit_flow/block1/unit_1", (728, 1024, 1024), "conv", 2),
            ("exit_flow/block2/unit_1", (1536, 1536, 2048), "none", 1),
        ]
        current, rate = 2, 1
        for name, depths, skip, stride in blocks:
            if current == self.output_stride:
                x = self.unit(x, depths, f"{net}/{name}", skip=skip, stride=1, rate=rate)
                rate *= stride
            else:
                x = self.unit(x, depths, f"{net}/{name}", skip=skip, stride=stride, rate=1)
                current *= stride
        return x, self.end_points[f"{net}/{LOW_LEVEL[self.depth]}/unit_1/xception_module"]

    def __call__(self, images):
        x, low = self.features(images)
        pooled = self.conv(x.mean((2, 3), keepdim=True), 256, 1, "image_pooling", eps=1e-5)
        branches = [pooled.expand(-1, -1, *x.shape[2:]), self.conv(x, 256, 1, "aspp0", eps=1e-5)]
        rates = {16: (6, 12, 18), 8: (12, 24, 36)}[self.output_stride]
        for i, rate in enumerate(rates, start=1):
            branches.append(self.separable(x, 256, f"aspp{i}", rate=rate, eps=1e-5))
        x = self.conv(torch.cat(branches, 1), 256, 1, "concat_projection", eps=1e-5)
        low = self.conv(low, 48, 1, "decoder/feature_projection0", eps=1e-5)
        x = torch.cat([resize_bilinear(x, low.shape[2:]), low], 1)
        for i in range(2):
            x = self.separable(x, 256, f"decoder/decoder_conv{i}", eps=1e-5)
        weights = self.variable("logits/semantic/weights", -0.1, 0.1, 1, 1, 256, 7)
        biases = self.variable("logits/semantic/biases", -1, 1, 7)
        return F.conv2d(x, weights.permute(3, 2, 0, 1), biases)


def resize_bilinear(x, size):
    """tf.image.resize_bilinear with align_corners: the corners' centres stay where they are."""
    for axis, target in zip((2, 3), size, strict=True):
        source = x.shape[axis]
        at = torch.arange(target, dtype=torch.float64) * (source - 1) / max(target - 1, 1)
        lower = at.floor().long().clamp(max=source - 1)
        upper = (lower + 1).clamp(max=source - 1)
        share = (at - lower).reshape([-1 if i == axis else 1 for i in range(4)])
        x = x.index_select(axis, lower) * (1 - share) + x.index_select(axis, upper) * share
    return x


def optimiser_state(variables):
    """Other tensors of a training checkpoint."""
    return {
        "global_step": np.array(90000),
        "logits/semantic/weights/Momentum": variables["logits/semantic/weights"],
        "xception_41/entry_flow/conv1_1/BatchNorm/gamma/Momentum": np.ones(32, np.float32),
    }


def test_a_checkpoint_gives_the_logits_of_the_original(tmp_path):
    reference = Reference(41, 16)
    images = torch.from_numpy(np.random.RandomState(1).uniform(-1, 1, (1, 3, 65, 97)))
    wanted = reference(images)
    variables = reference.variables | optimiser_state(reference.variables)
    write_bundle(tmp_path / "model.ckpt", variables, shards=2)
    network = build("deeplabv3plus", 7, backbone="xception41", layout="tf").eval()
    assert load_weights(network, tmp_path) == {"format": "tf"}
    with torch.no_grad():
        logits = network(images.float())
    assert logits.shape == (1, 7, 17, 25)
    # A wrong eps, if only in the head, causes a difference of 4e-3.
    assert wanted.std((2, 3)).min() > 0.05
    assert (logits - wanted).abs().max() < 1e-4
    torch.nn.init.zeros_(network.backbone.exit[1].convs[2][4].weight)
    assert load_encoder(network, tmp_path) == {"format": "tf"}
    with torch.no_grad():
        assert torch.equal(network(images.float()), logits)


@pytest.mark.slow
def test_xception_71_at_output_stride_8(tmp_path):
    reference = Reference(71, 8)
    images = torch.from_numpy(np.random.RandomState(1).uniform(-1, 1, (1, 3, 33, 49)))
    wanted = reference(images)
    network = build("deeplabv3plus", 7, backbone="xception71", layout="tf", output_stride=8).eval()
    load_weights(network, write_bundle(tmp_path / "model.ckpt", reference.variables))
    with torch.no_grad():
        assert (network(images.float()) - wanted).abs().max() < 1e-4 * max(1, wanted.std())


@pytest.mark.parametrize(
    ("backbone", "millions"), [("xception41", 26.97), ("xception65", 39.92), ("xception71", 42.34)]
)
def test_parameters_are_those_of_the_published_classifiers(backbone, millions):
    """timm 1.0's xception41, 65 and 71, with weights converted from TensorFlow."""
    with torch.device("meta"):
        network = build("deeplabv3plus", 19, backbone=backbone, layout="tf").backbone
    count = sum(parameter.numel() for parameter in network.parameters())
    classifier = 2048 * 1000 + 1000
    assert round((count + classifier) / 1e6, 2) == millions
    # The number in its name counts two convolutions and the separable ones.
    separable = [name for name, _ in network.named_modules() if re.search(r"convs\.\d$", name)]
    assert len(separable) + 2 == int(backbone.removeprefix("xception"))
