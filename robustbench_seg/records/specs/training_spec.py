"""The options of `robustseg train` as one value."""

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Unpack

from robustbench_seg.codec import check_ranges, check_text
from robustbench_seg.errors import OptionError
from robustbench_seg.records.specs.spec_values import spec_values
from robustbench_seg.records.values.choices import Precision, check_choices
from robustbench_seg.records.values.defaults import SPLIT
from robustbench_seg.records.values.ranges import Iterations, Preparers, Threads
from robustbench_seg.records.values.training_recipe import (
    RecipeOptions,
    SharedRecipeOptions,
    TrainingRecipe,
)


@dataclass(frozen=True)
class TrainingSpec:
    """One training: the network, the data, the recipe and the hardware.

    Attributes:
        model: Name or TOML file of the network's card.
        out: Folder of the result.
        dataset: Name or TOML file of the dataset. None means the dataset of the card.
        data: Root folder of the dataset. None means its default.
        split: Split to train on.
        validate_on: Split on which the mIoU is measured.
        name: Name of the result. None means MODEL-DATASET.
        encoder: Initial weights of the encoder: a file, hf:<hub id> or URL. None means random
            weights.
        recipe: The hyper-parameters.
        device: A torch device.
        precision: "float32", or "bf16" or "fp16" for autocast.
        threads: CPU threads of the network, 1 to 1024. None means the default of torch.
        workers: Processes that prepare batches, 0 to 256. They do not change the result.
        half: Whether to store the weights as float16.
        validate_every: Steps between validations, at least 1. None means only at the end.
        checkpoint_every: Steps between checkpoints, at least 1. None means every 3 minutes.

    Raises:
        OptionError: The precision is unknown, or a number is out of range.

    >>> recipe = rs.TrainingRecipe(iterations=1000, batch=4)
    >>> spec = rs.TrainingSpec("segformer-b0", Path("mine"), dataset="minicity", recipe=recipe)
    >>> spec.recipe.iterations, spec.validate_on
    (1000, 'val')
    """

    model: str
    out: Path
    dataset: str | None = None
    data: Path | None = None
    split: str = "train"
    validate_on: str = SPLIT
    name: str | None = None
    encoder: str | None = None
    recipe: TrainingRecipe = field(default_factory=TrainingRecipe)
    device: str = "cpu"
    precision: Precision = "float32"
    threads: Threads | None = None
    workers: Preparers = 2
    half: bool = False
    validate_every: Iterations | None = None
    checkpoint_every: Iterations | None = None

    def __post_init__(self) -> None:
        check_choices(self)
        check_ranges(self)
        check_text("name", self.name)


class SharedTrainingOptions(SharedRecipeOptions, total=False):
    """Options of `train` that the trainings of an ablation share."""

    out: str | Path
    data: str | Path | None
    split: str
    encoder: str | None
    device: str
    precision: Precision
    threads: int | None
    workers: int
    half: bool
    validate_every: int | None
    checkpoint_every: int | None


class TrainingOptions(SharedTrainingOptions, RecipeOptions, total=False):
    """Options of `train` except model, dataset and validate_on.

    They are the other fields of TrainingSpec, and the fields of TrainingRecipe, which override
    those of `recipe`.
    """

    name: str | None
    recipe: TrainingRecipe


def training_spec(
    model: str | Path | None,
    *,
    dataset: str | None = None,
    validate_on: str = TrainingSpec.validate_on,
    **options: Unpack[TrainingOptions],
) -> TrainingSpec:
    """Build a TrainingSpec from keyword options, with strings for paths.

    Args:
        model: Name or TOML file of the network's card.
        dataset: Name or TOML file of the dataset. None means the card's.
        validate_on: Split on which the mIoU is measured.
        **options: The other fields of TrainingSpec; and fields of TrainingRecipe, which override
            those of `recipe`.

    Raises:
        OptionError: An option does not exist, a value is out of range, or `model` or `out` is
            missing.
    """
    given = {"model": model, "dataset": dataset, "validate_on": validate_on, **options}
    what, of_recipe = "option of train", [each.name for each in fields(TrainingRecipe)]
    values = spec_values(TrainingSpec, given, what, further=of_recipe)
    for name in ("model", "out"):
        if values.get(name) is None:
            raise OptionError(f"a training needs {name}; give it")
    recipe_options = {name: value for name, value in given.items() if name in of_recipe}
    changes = spec_values(TrainingRecipe, recipe_options, what)
    recipe = values.pop("recipe", None)
    chosen = replace(recipe, **changes) if recipe else TrainingRecipe(**changes)
    return TrainingSpec(**values, recipe=chosen)
