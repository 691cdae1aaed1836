import pytest
import torch
from torch import nn

from robustbench_seg.architectures import build
from robustbench_seg.architectures.mix_transformer import DropPath


def test_stages_have_strides_4_to_32_rounded_up():
    with torch.device("meta"):
        network = build("segformer", 19, size="b3")
        features = network.backbone(torch.empty(1, 3, 97, 161))
    shapes = [tuple(feature.shape[1:]) for feature in features]
    assert shapes == [(25, 41, 64), (13, 21, 128), (7, 11, 320), (4, 6, 512)]


def test_features_are_never_copied_to_another_layout():
    network = build("segformer", 19, size="b0").eval()
    convolutions = {n: m for n, m in network.backbone.named_modules() if isinstance(m, nn.Conv2d)}
    del convolutions["patch_embed1.proj"]  # its input is the images, in their own layout
    kept = {}

    def check(name):
        def hook(_, inputs, output):
            tensors = (inputs[0], output)
            kept[name] = [t.is_contiguous(memory_format=torch.channels_last) for t in tensors]

        return hook

    for name, module in convolutions.items():
        module.register_forward_hook(check(name))
    with torch.no_grad():
        network.backbone(torch.zeros(1, 3, 64, 96))
    assert kept == {name: [True, True] for name in convolutions}


def test_stochastic_depth_grows_linearly_to_its_rate():
    network = build("segformer", 19, size="b0", drop_path=0.14)
    rates = [
        block.drop_path.rate
        for i in range(1, 5)
        for block in network.backbone.get_submodule(f"block{i}")
    ]
    assert rates == pytest.approx([0.02 * i for i in range(8)], abs=1e-6)


def test_drop_path_drops_whole_samples_and_keeps_the_mean():
    torch.manual_seed(0)
    drop_path = DropPath(0.25)
    x = torch.ones(4000, 2, 1, 3)
    y = drop_path(x)
    assert (y == y[:, :1, :1, :1]).all()
    assert y.unique().tolist() == pytest.approx([0, 4 / 3])
    assert y.mean().item() == pytest.approx(1, abs=0.03)
    assert drop_path.eval()(x) is x


def test_the_sum_of_the_blocks_keeps_its_precision_under_autocast():
    block = build("segformer", 19, size="b0").backbone.block1[0].eval()
    x = torch.rand(1, 8, 8, 32)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        y = block(x)
    assert y.dtype == torch.float32
    assert not torch.equal(y, y.bfloat16().float())
