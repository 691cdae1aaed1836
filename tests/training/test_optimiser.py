import pytest
import torch
from torch import nn

from robustbench_seg.architectures import build
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.training.optimiser import (
    make_optimiser,
    parameter_groups,
    set_learning_rate,
)

RECIPE = TrainingRecipe(lr=1e-3, weight_decay=0.05, head_lr_factor=10)


def settings(network):
    """name -> (learning rate, weight decay)"""
    of = {
        id(parameter): (group["initial_lr"], group["weight_decay"])
        for group in parameter_groups(network, RECIPE)
        for parameter in group["params"]
    }
    return {name: of[id(parameter)] for name, parameter in network.named_parameters()}


def test_groups_of_segformer_by_hand():
    found = settings(build("segformer", 3, size="b0"))
    assert found["backbone.patch_embed1.proj.weight"] == (1e-3, 0.05)
    assert found["backbone.patch_embed1.proj.bias"] == (1e-3, 0.05)
    assert found["backbone.patch_embed1.norm.weight"] == (1e-3, 0)
    assert found["backbone.patch_embed1.norm.bias"] == (1e-3, 0)
    assert found["backbone.block1.0.attn.norm.weight"] == (1e-3, 0)
    assert found["backbone.block1.0.attn.q.weight"] == (1e-3, 0.05)
    assert found["backbone.norm4.bias"] == (1e-3, 0)
    assert found["decode_head.linear_c1.proj.weight"] == (1e-2, 0.05)
    assert found["decode_head.linear_fuse.bn.weight"] == (1e-2, 0.05)
    assert found["decode_head.linear_pred.bias"] == (1e-2, 0.05)


def test_position_encodings_do_not_decay():
    found = settings(build("segformer", 3, size="b0", position_grid=(64, 64)))
    assert [found[f"backbone.pos_embed{i}"] for i in range(1, 5)] == [(1e-3, 0)] * 4
    assert found["backbone.block1.0.mlp.fc1.weight"] == (1e-3, 0.05)


@pytest.mark.parametrize(
    ("architecture", "variant"),
    [("segformer", {"size": "b0"}), ("deeplabv3plus", {"backbone": "mobilenet_v2"})],
)
def test_every_parameter_is_in_one_group(architecture, variant):
    network = build(architecture, 3, **variant)
    groups = parameter_groups(network, RECIPE)
    listed = [id(parameter) for group in groups for parameter in group["params"]]
    assert len(listed) == len(set(listed))
    assert set(listed) == {id(parameter) for parameter in network.parameters()}
    # Only LayerNorms do not decay, and only the encoder of SegFormer has them.
    kinds = {(group["initial_lr"], group["weight_decay"]) for group in groups}
    layer_norms = {(1e-3, 0)} if architecture == "segformer" else set()
    assert kinds == {(1e-3, 0.05), (1e-2, 0.05)} | layer_norms


def test_learning_rates_move_together():
    optimiser = make_optimiser(build("segformer", 3, size="b0"), RECIPE)
    assert {group["lr"] for group in optimiser.param_groups} == {0}
    set_learning_rate(optimiser, 0.5)
    assert {group["lr"] for group in optimiser.param_groups} == {5e-4, 5e-3}


def test_one_step_of_adamw_by_hand():
    class Tiny(nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone = nn.Linear(1, 1, bias=False)

    network = Tiny()
    weight = network.backbone.weight
    nn.init.constant_(weight, 2.0)
    optimiser = make_optimiser(network, RECIPE)
    set_learning_rate(optimiser, 0.1)
    weight.grad = torch.full_like(weight, 3.0)
    optimiser.step()
    # Decoupled decay, then a first step that is as large as the learning rate for any gradient.
    assert weight.item() == pytest.approx(2.0 * (1 - 1e-4 * 0.05) - 1e-4)
