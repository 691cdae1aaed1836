"""AdamW with the recipe's parameter groups."""

from typing import TypedDict

import torch
from torch import nn

from robustbench_seg.records.values.training_recipe import TrainingRecipe


class ParameterGroup(TypedDict):
    """Parameters with one learning rate and weight decay, in the form of torch's optimisers."""

    params: list[nn.Parameter]
    initial_lr: float
    weight_decay: float


def parameter_groups(network: nn.Module, recipe: TrainingRecipe) -> list[ParameterGroup]:
    """Split the parameters of `network` by learning rate and by weight decay.

    Parameters outside `network.backbone` are the head, whose learning rate is higher by the factor
    `head_lr_factor`. LayerNorms and position encodings do not decay. All others do, including
    BatchNorms and biases, as in the released SegFormer configurations. `initial_lr` of a group is
    its learning rate at factor 1.
    """
    normed = {
        id(parameter)
        for module in network.modules()
        if isinstance(module, nn.LayerNorm)
        for parameter in module.parameters(recurse=False)
    }
    groups = dict[tuple[bool, bool], list[nn.Parameter]]()
    for name, parameter in network.named_parameters():
        decays = id(parameter) not in normed and "pos_embed" not in name
        key = (name.startswith("backbone."), decays)
        groups.setdefault(key, []).append(parameter)
    return [
        {
            "params": parameters,
            "initial_lr": recipe.lr * (1.0 if backbone else recipe.head_lr_factor),
            "weight_decay": recipe.weight_decay if decays else 0.0,
        }
        for (backbone, decays), parameters in groups.items()
    ]


def make_optimiser(network: nn.Module, recipe: TrainingRecipe) -> torch.optim.AdamW:
    """Build AdamW over `parameter_groups`, with learning rate 0 until `set_learning_rate`."""
    groups = [{**group} for group in parameter_groups(network, recipe)]
    fused = next(network.parameters()).device.type in ("cpu", "cuda")
    return torch.optim.AdamW(groups, lr=0.0, betas=recipe.betas, fused=fused)


def set_learning_rate(optimiser: torch.optim.Optimizer, factor: float) -> None:
    """Set the learning rate of every group to `factor` times its initial one."""
    for group in optimiser.param_groups:
        group["lr"] = factor * group["initial_lr"]
