"""A training as a command of robustseg, for readers."""

import shlex
from collections.abc import Iterator

from robustbench_seg.machine.command_text import changed_options, command_start, option_words
from robustbench_seg.records.specs.training_spec import TrainingSpec
from robustbench_seg.records.values.training_recipe import TrainingRecipe

_WITHOUT_OPTION = (
    "resize",
    "category_ratio",
    "flip",
    "photometric",
    "betas",
    "warmup_ratio",
    "power",
)
"""Fields of a recipe that only Python and card files can set."""


def training_command(spec: TrainingSpec, processes: int = 1) -> str:
    """Return the `robustseg train` command of a training.

    Settings without an option follow as a comment.

    Args:
        spec: The training.
        processes: Number of processes of torchrun; 1 means without torchrun.
    """
    words = [*command_start(processes), "train", *_options(spec)]
    default = TrainingRecipe()
    further = [
        f"{name} = {value}"
        for name in _WITHOUT_OPTION
        if (value := getattr(spec.recipe, name)) != getattr(default, name)
    ]
    return shlex.join(words) + (f"  # {', '.join(further)}" if further else "")


def _options(spec: TrainingSpec) -> Iterator[str]:
    yield from changed_options(spec, without=("recipe",))
    default = TrainingRecipe()
    for name, value in vars(spec.recipe).items():
        two_limits = name == "iterations" and spec.recipe.minutes is not None
        differs = two_limits or value != getattr(default, name)
        if value is not None and name not in _WITHOUT_OPTION and differs:
            yield from option_words(name, value)
