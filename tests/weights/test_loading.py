import pytest
import torch
from torch import nn

from robustbench_seg.architectures import build
from robustbench_seg.errors import WeightsError
from robustbench_seg.weights import load_weights, save_weights


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


def missing(state):
    del state["0.weight"]
    return "1 missing: 0.weight"


def left_over(state):
    state["head.bias"] = torch.zeros(1)
    return "1 left over: head.bias"


def reshaped(state):
    state["2.weight"] = torch.zeros(5, 4, 1, 1)
    return "1 of another shape: 2.weight (5x4x1x1 in the file, 3x4x1x1 in the network)"


def everything(state):
    state.clear()
    state["x"] = torch.zeros(1)
    return "9 missing: 0.weight, 0.bias, 1.weight, 1.bias and 5 more; 1 left over: x"


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
    assert str(raised.value) == f"{path} does not fit this Sequential: {wanted}"
    assert all(torch.equal(network.state_dict()[name], before[name]) for name in before)


def test_all_differences_are_in_one_error(tmp_path):
    path = tmp_path / "a.safetensors"
    state = small_network().state_dict()
    wanted = "; ".join([missing(state), left_over(state), reshaped(state)])
    save_weights(path, state, {})
    with pytest.raises(WeightsError) as raised:
        load_weights(small_network(), path)
    assert str(raised.value) == f"{path} does not fit this Sequential: {wanted}"


def test_segformer_takes_on_the_eps_its_weights_were_made_for(tmp_path):
    path = tmp_path / "a.safetensors"
    network = build("segformer", 19, eps="nvlabs")
    save_weights(path, network.state_dict(), {"eps": "openmmlab"})
    assert network.backbone.patch_embed1.norm.eps == 1e-5
    load_weights(network, path)
    assert {m.eps for m in network.modules() if isinstance(m, nn.LayerNorm)} == {1e-6}
