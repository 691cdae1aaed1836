import json
from pathlib import Path

import pytest
import torch
from torch import nn

from robustbench_seg.architectures import build
from robustbench_seg.errors import WeightsError
from robustbench_seg.weights import load_encoder, load_weights, save_weights

DATA = Path(__file__).parents[1] / "data" / "architectures"


def small_network(classes=3):
    return nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Conv2d(4, classes, 1))


def test_all_weights_arrive_and_the_metadata_returns(tmp_path):
    path = tmp_path / "a.safetensors"
    saved, loaded = small_network(), small_network()
    nn.init.normal_(saved[1].running_mean)
    save_weights(path, saved.state_dict(), {"num_classes": "3"})
    assert load_weights(loaded, path)["num_classes"] == "3"
    for name, tensor in saved.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)


def test_a_count_of_batches_is_no_weight(tmp_path):
    path = tmp_path / "a.safetensors"
    state, loaded = small_network().state_dict(), small_network()
    del state["1.num_batches_tracked"]
    save_weights(path, state, {})
    load_weights(loaded, path)
    assert loaded[1].num_batches_tracked == 0


def missing(state):
    del state["0.weight"]
    return "1 missing: 0.weight"


def left_over(state):
    state["3.bias"] = torch.zeros(1)
    return "1 left over: 3.bias"


def reshaped(state):
    state["2.weight"] = torch.zeros(5, 4, 1, 1)
    return "1 of another shape: 2.weight (5x4x1x1 in the file, 3x4x1x1 in the network)"


def everything(state):
    state.clear()
    state["x"] = torch.zeros(1)
    return "8 missing: 0.weight, 0.bias, 1.weight, 1.bias and 4 more; 1 left over: x"


ADVICE = "; choose the card that the file belongs to (robustseg models)"


@pytest.mark.parametrize("change", [missing, left_over, reshaped, everything])
def test_weights_that_do_not_fit_change_nothing(tmp_path, change):
    path = tmp_path / "a.safetensors"
    network = small_network()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    state = small_network().state_dict()
    wanted = change(state)
    save_weights(path, state, {})
    with pytest.raises(WeightsError) as raised:
        load_weights(network, path)
    assert str(raised.value) == f"{path} does not fit this Sequential: {wanted}{ADVICE}"
    assert all(torch.equal(network.state_dict()[name], before[name]) for name in before)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_no_numbers_change_nothing(tmp_path, value):
    path = tmp_path / "a.safetensors"
    network = small_network()
    before = network[2].weight.clone()
    state = small_network().state_dict()
    state["0.weight"][1, 2] = value
    save_weights(path, state, {})
    with pytest.raises(WeightsError) as raised:
        load_weights(network, path)
    assert str(raised.value) == (
        f"{path}: NaN or infinite values in 0.weight; download the file again, or train the "
        "network again"
    )
    assert torch.equal(network[2].weight, before)


def test_all_differences_are_in_one_error(tmp_path):
    path = tmp_path / "a.safetensors"
    state = small_network().state_dict()
    wanted = "; ".join([missing(state), left_over(state), reshaped(state)])
    save_weights(path, state, {})
    with pytest.raises(WeightsError) as raised:
        load_weights(small_network(), path)
    assert str(raised.value) == f"{path} does not fit this Sequential: {wanted}{ADVICE}"


def test_segformer_takes_on_the_eps_its_weights_were_made_for(tmp_path):
    path = tmp_path / "a.safetensors"
    network = build("segformer", 19, eps="nvlabs")
    save_weights(path, network.state_dict(), {"eps": "openmmlab"})
    assert network.backbone.patch_embed1.norm.eps == 1e-5
    load_weights(network, path)
    assert {m.eps for m in network.modules() if isinstance(m, nn.LayerNorm)} == {1e-6}


def mix_transformer(names):
    """Files with only the encoder of B0, as its authors and others publish it."""
    network = build("segformer", 19, size="b0")
    tensors = {n: torch.full_like(t, 0.5) for n, t in network.backbone.state_dict().items()}
    if names == "nvlabs":
        return tensors | {"head.weight": torch.zeros(1000, 256), "head.bias": torch.zeros(1000)}
    if names == "openmmlab":
        shapes = json.loads((DATA / "openmmlab_segformer_b0.json").read_text())
        ours = {n: s for n, s in shapes.items() if n.startswith("backbone.")}
        return {n.removeprefix("backbone."): torch.full(s, 0.5) for n, s in ours.items()}
    shapes = json.loads((DATA / "huggingface_b0.json").read_text())
    hub = {n: torch.full(s, 0.5) for n, s in shapes.items() if n.startswith("segformer.")}
    if names == "model":
        return {name.removeprefix("segformer."): tensor for name, tensor in hub.items()}
    return hub | {"classifier.weight": torch.zeros(1000, 256), "classifier.bias": torch.zeros(1000)}


@pytest.mark.parametrize(
    ("names", "eps"),
    [
        ("nvlabs", (1e-6, 1e-5)),
        ("huggingface", (1e-5, 1e-5)),
        ("model", (1e-5, 1e-5)),
        ("openmmlab", (1e-6, 1e-6)),
    ],
)
def test_an_encoder_alone_leaves_the_decoder_as_it_is(tmp_path, names, eps):
    torch.save(mix_transformer(names), tmp_path / "mit_b0.pth")
    # The decoder plays no part here, so one file of each kind is enough.
    network = build("segformer", 19, size="b0", decoder="openmmlab")
    before = {name: tensor.clone() for name, tensor in network.decode_head.state_dict().items()}
    load_encoder(network, tmp_path / "mit_b0.pth")
    assert all((parameter == 0.5).all() for parameter in network.backbone.parameters())
    assert all(torch.equal(network.decode_head.state_dict()[n], before[n]) for n in before)
    assert (network.backbone.norm1.eps, network.backbone.patch_embed1.norm.eps) == eps
    with pytest.raises(WeightsError, match=r"this SegFormer: \d+ missing: decode_head"):
        load_weights(network, tmp_path / "mit_b0.pth")


def test_the_encoder_must_fit_as_strictly_as_a_network(tmp_path):
    tensors = mix_transformer("nvlabs")
    del tensors["block1.0.norm1.weight"]
    tensors["block5.0.norm1.weight"] = torch.zeros(1)
    torch.save(tensors, tmp_path / "a.pth")
    with pytest.raises(WeightsError) as raised:
        load_encoder(build("segformer", 19, size="b0"), tmp_path / "a.pth")
    assert str(raised.value) == (
        f"{tmp_path}/a.pth (from nvlabs) does not fit this MixTransformer: 1 missing: "
        "block1.0.norm1.weight; 1 left over: block5.0.norm1.weight" + ADVICE
    )


def test_the_encoder_of_a_whole_network_is_taken(tmp_path):
    shapes = json.loads((DATA / "nvlabs_b0.json").read_text())
    torch.save({n: torch.full(s, 0.5) for n, s in shapes.items()}, tmp_path / "a.pth")
    network = build("segformer", 7, size="b0", decoder="openmmlab")
    assert load_encoder(network, tmp_path / "a.pth") == {"format": "nvlabs", "eps": "nvlabs"}
    assert all((parameter == 0.5).all() for parameter in network.backbone.parameters())


def torchvision_resnet18():
    """Names and shapes of torchvision's resnet18, from the paper's table 1 (18-layer)."""
    shapes = {"conv1.weight": (64, 3, 7, 7), "fc.weight": (1000, 512), "fc.bias": (1000,)}
    norms = {"bn1": 64}
    inputs = 64
    for stage, width in enumerate((64, 128, 256, 512), start=1):
        for block in range(2):
            prefix = f"layer{stage}.{block}"
            shapes[f"{prefix}.conv1.weight"] = (width, inputs, 3, 3)
            shapes[f"{prefix}.conv2.weight"] = (width, width, 3, 3)
            norms |= {f"{prefix}.bn1": width, f"{prefix}.bn2": width}
            if inputs != width:
                shapes[f"{prefix}.downsample.0.weight"] = (width, inputs, 1, 1)
                norms[f"{prefix}.downsample.1"] = width
            inputs = width
    for name, width in norms.items():
        shapes |= {
            f"{name}.{part}": (width,) for part in ("weight", "bias", "running_mean", "running_var")
        }
        shapes[f"{name}.num_batches_tracked"] = ()
    return {name: torch.full(shape, 0.5) for name, shape in shapes.items()}


def test_a_resnet_of_imagenet_is_an_encoder(tmp_path):
    torch.save(torchvision_resnet18(), tmp_path / "resnet18.pth")
    network = build("deeplabv3plus", 19, backbone="resnet18")
    assert load_encoder(network, tmp_path / "resnet18.pth") == {"format": "imagenet"}
    assert all((parameter == 0.5).all() for parameter in network.backbone.parameters())
    deep = build("deeplabv3plus", 19, backbone="resnet18", deep_stem=True)
    with pytest.raises(WeightsError, match=r"this ResNet: .*stem\.0\.weight \(64x3x7x7 in"):
        load_encoder(deep, tmp_path / "resnet18.pth")


def test_a_mobilenet_of_imagenet_is_an_encoder(tmp_path):
    network = build("deeplabv3plus", 19, backbone="mobilenet_v2")
    tensors = {n: torch.full_like(t, 0.5) for n, t in network.backbone.state_dict().items()}
    tensors["features.18.0.weight"] = torch.zeros(1280, 320, 1, 1)
    tensors["classifier.1.weight"] = torch.zeros(1000, 1280)
    torch.save(tensors, tmp_path / "mobilenet_v2.pth")
    assert load_encoder(network, tmp_path / "mobilenet_v2.pth") == {"format": "imagenet"}
    assert all((parameter == 0.5).all() for parameter in network.backbone.parameters())
