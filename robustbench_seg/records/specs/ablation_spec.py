"""The options of an ablation as one value."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Unpack

from robustbench_seg.codec import check_ranges
from robustbench_seg.errors import ModelError, OptionError, unknown
from robustbench_seg.records.cards.ablation import Ablation, AblationVariant, load_ablation
from robustbench_seg.records.specs.spec_values import as_tuple, spec_values
from robustbench_seg.records.specs.training_spec import (
    SharedTrainingOptions,
    TrainingOptions,
    TrainingSpec,
    training_spec,
)
from robustbench_seg.records.values.ranges import GPUS, Limit, TrainingSeed
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.text import one_line


@dataclass(frozen=True, kw_only=True)
class AblationSpec:
    """What to train and score for an ablation, and how.

    Attributes:
        ablation: The definition of the ablation.
        full: Whether to train the networks of the paper. False means scaled-down ones.
        variants: The networks that are trained.
        seeds: Seeds of the trainings, 0 to 2^63 - 1. Each network is trained once with each seed.
        encoders: Maps names of variants to the initial weights of their encoders. Encoders of other
            variants start from random values.
        training: The specification that all trainings share. Its model is the common card, and
            its folder is the folder of the ablation.
        limit: Number of images to score, at least 1. None means all.
        gpus: Number of processes that torchrun starts, 1 to 1024. 1 means no torchrun.

    Raises:
        OptionError: There is no seed, or a number is out of range.

    >>> spec: rs.AblationSpec = rs.ablation_spec("width", out="width", limit=2)
    >>> [variant.name for variant in spec.variants]
    ['c256', 'c512', 'c768', 'c1024', 'c2048']
    >>> spec.dataset, spec.seeds, spec.limit
    ('minicity', (0,), 2)
    """

    ablation: Ablation
    variants: tuple[AblationVariant, ...]
    training: TrainingSpec
    encoders: Mapping[str, str]
    full: bool = False
    seeds: tuple[TrainingSeed, ...] = (TrainingRecipe.seed,)
    limit: Limit | None = None
    gpus: Annotated[int, GPUS] = 1

    def __post_init__(self) -> None:
        if not self.seeds:
            raise OptionError("seeds is empty; give a seed of the trainings, such as 0")
        check_ranges(self)

    @property
    def out(self) -> Path:
        """The folder of the ablation."""
        return self.training.out

    @property
    def dataset(self) -> str:
        """Name or TOML file of the dataset that is trained on and scored."""
        return self.training.dataset or self.ablation.scale(full=self.full).dataset

    @property
    def runs(self) -> Path:
        """The folder of run folders. It depends on the limit, because the runs do."""
        return self.out / (f"runs-{self.limit}" if self.limit else "runs")

    def card_file(self, variant: AblationVariant) -> Path:
        """The path of the card of an untrained network."""
        return self.out / "cards" / f"{variant.name}.toml"


class AblationOptions(SharedTrainingOptions, total=False):
    """Options of `ablation_spec`: those of the ablation, and those that its trainings share."""

    dataset: str | None
    validate_on: str
    variants: str | Sequence[str]
    seeds: int | Iterable[int]
    limit: int | None
    full: bool
    encoders: Mapping[str, str | Path] | None
    gpus: int


FIXED_OPTIONS = {"model", *TrainingOptions.__optional_keys__} - AblationOptions.__optional_keys__
"""Options of a training that the ablation's definition sets. Users cannot set them."""


def ablation_spec(name: str, /, **options: Unpack[AblationOptions]) -> AblationSpec:
    """Describe an ablation of the SegFormer paper. Computes nothing.

    Args:
        name: One of `list_ablations()`.
        **options: Options of the ablation and of its trainings. For the ablation: `out` (output
            folder), `variants` (names of the networks; empty means all), `seeds` (of the trainings;
            default 0), `limit` (number of images to score), `full` (whether to use the networks,
            data and recipe of the paper), `encoder` (weights for every encoder that they fit),
            `encoders` (name of a network -> weights for its encoder) and `gpus` (processes of
            torchrun). For the trainings: `dataset`, `data`, `iterations`, `device` and other fields
            of TrainingSpec and TrainingRecipe, which override the recipe of the ablation. Its
            definition sets name, recipe, crop, minutes, augment and seed.

    Returns:
        The specification.

    Raises:
        ModelError: There is no such ablation, variant or network.
        OptionError: An option does not exist, has no such value, or is set by the ablation.

    >>> spec = rs.ablation_spec("width", out="width", variants=["c256"], seeds=[0, 1])
    >>> spec.seeds, spec.training.recipe.iterations
    ((0, 1), 1000)
    """
    for option in options:
        if option in FIXED_OPTIONS:
            raise OptionError(f"`{option}` is set by the ablation; leave it out")
        if option not in AblationOptions.__optional_keys__:
            known = sorted(AblationOptions.__optional_keys__)
            raise OptionError(unknown("option of ablation_spec", option, known))
    ablation = load_ablation(name)
    training: dict[str, Any] = {**options}
    variants = ablation.select(as_tuple(training.pop("variants", ())))
    encoder, encoders = training.pop("encoder", None), training.pop("encoders", None) or {}
    of_ablation = {each.name for each in fields(AblationSpec)} & AblationOptions.__optional_keys__
    given = {key: training.pop(key) for key in of_ablation if key in training}
    own = spec_values(AblationSpec, given, "option of ablation_spec")
    seeds = own.pop("seeds", AblationSpec.seeds)
    seeds = tuple(seed for place, seed in enumerate(seeds) if seed not in seeds[:place])
    if not isinstance(encoders, Mapping):
        raise OptionError("encoders is not a mapping; give a dict from networks to their weights")
    names = [variant.name for variant in variants]
    for network in encoders:
        if network not in names:
            raise ModelError(unknown("network", network, names))
    scale = ablation.scale(full=own.get("full", False))
    if training.get("iterations") is None:
        training["iterations"] = scale.recipe.iterations
    fits = [variant.name for variant in variants if encoder and variant.takes_encoder]
    return AblationSpec(
        ablation=ablation,
        variants=variants,
        # Each training replaces the card with the card of its network.
        training=training_spec(scale.card, recipe=scale.recipe, **training),
        encoders={
            network: _weights(weights)
            for network, weights in {**dict.fromkeys(fits, encoder), **encoders}.items()
        },
        seeds=seeds,
        **own,
    )


def _weights(given: object) -> str:
    """Return the weights of an encoder as text."""
    if not isinstance(given, str | PathLike):
        shown = one_line(repr(given), 60)
        raise OptionError(f"encoder = {shown} is not text; give a file, hf:<hub id> or URL")
    return str(given)
