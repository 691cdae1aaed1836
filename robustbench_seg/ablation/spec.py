"""The specification of an ablation, and the steps that follow from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Unpack

from robustbench_seg.ablation.published import published_score
from robustbench_seg.ablation.steps import EvaluateStep, ReportStep, Step, TrainStep, WindowsStep
from robustbench_seg.errors import ModelError, OptionError, unknown
from robustbench_seg.records.cards.ablation import Ablation, AblationVariant, load_ablation
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.records.specs.training_spec import TrainingOptions, TrainingSpec, training_spec

FIXED_OPTIONS = frozenset({"model", "name", "recipe", "augment", "minutes", "crop", "seed"})
"""Options of a training that the ablation's definition sets. Users cannot set them."""


@dataclass(frozen=True)
class AblationSpec:
    """What to train and score for an ablation, and how.

    Attributes:
        ablation: The definition of the ablation.
        full: Whether to train the networks of the paper. False means scaled-down ones.
        variants: The networks that are trained.
        seeds: Seeds of the trainings. Each network is trained once with each seed.
        encoders: Maps names of variants to the initial weights of their encoders. Encoders of other
            variants start from random values.
        training: The specification that all trainings share. Its model is the common card, and
            its folder is the folder of the ablation.
        limit: Number of images to score, at least 1. None means all.
        gpus: Number of processes that torchrun starts, 1 to 1024. 1 means no torchrun.

    >>> spec: rs.AblationSpec = rs.ablation_spec("width", out="width", limit=2)
    >>> [variant.name for variant in spec.variants]
    ['c256', 'c512', 'c768', 'c1024', 'c2048']
    >>> spec.dataset, spec.seeds, spec.limit
    ('minicity', (0,), 2)
    """

    ablation: Ablation
    full: bool
    variants: tuple[AblationVariant, ...]
    seeds: tuple[int, ...]
    encoders: Mapping[str, str]
    training: TrainingSpec
    limit: int | None
    gpus: int

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

    def steps(self) -> Iterator[Step]:
        """Yield the steps: every network trained and scored with one seed, then with the next."""
        for seed in self.seeds:
            for variant in self.variants:
                folder = self.out / "trained" / f"{variant.name}-{seed}"
                yield TrainStep(self._training(variant, seed, folder))
                card = folder / f"{variant.name}.toml"
                for model in variant.tests:
                    tested = folder / f"{model}.toml"
                    if tested != card:
                        yield WindowsStep(card, tested, self.training.recipe.crop[0])
                    yield EvaluateStep(self._evaluation(tested))
        yield ReportStep(self.runs, self.out / "report")

    def _evaluation(self, card: Path) -> EvaluationSpec:
        return EvaluationSpec(
            models=(str(card),),
            dataset=self.dataset,
            data=self.training.data,
            limit=self.limit,
            device=self.training.device,
            out=self.runs,
        )

    def _training(self, variant: AblationVariant, seed: int, folder: Path) -> TrainingSpec:
        return replace(
            self.training,
            model=str(self.card_file(variant)),
            name=variant.name,
            out=folder,
            dataset=self.dataset,
            encoder=self.encoders.get(variant.name),
            recipe=replace(self.training.recipe, seed=seed),
        )

    def published(self) -> Mapping[str, float | None]:
        """The paper's mIoU, in percent, of each model that is tested, in order."""
        return {
            model: published_score(self.ablation.table, row, self.ablation.score)
            for variant in self.variants
            for model, row in variant.tests.items()
        }


class AblationOptions(TrainingOptions, total=False):
    """Options of `ablation_spec`: those of the ablation, and of trainings except FIXED_OPTIONS."""

    dataset: str | None
    validate_on: str
    variants: Sequence[str]
    seeds: Sequence[int]
    limit: int | None
    full: bool
    encoders: Mapping[str, str] | None
    gpus: int


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
            of TrainingSpec and TrainingRecipe, which override the recipe of the ablation.

    Returns:
        The specification.

    Raises:
        ModelError: There is no such ablation, variant or network.
        OptionError: An option does not exist, has no such value, or is set by the ablation.

    >>> spec = rs.ablation_spec("width", out="width", variants=["c256"], seeds=[0, 1])
    >>> [type(step).__name__ for step in spec.steps()]
    ['TrainStep', 'EvaluateStep', 'TrainStep', 'EvaluateStep', 'ReportStep']
    """
    ablation = load_ablation(name)
    training: dict[str, Any] = {**options}
    variants = ablation.select(training.pop("variants", ()))
    seeds = training.pop("seeds", (0,))
    limit, gpus = training.pop("limit", None), training.pop("gpus", 1)
    full = training.pop("full", False)
    encoder, encoders = training.pop("encoder", None), training.pop("encoders", None) or {}
    for option in training:
        if option in FIXED_OPTIONS:
            raise OptionError(f"`{option}` is set by the ablation; leave it out")
    names = [variant.name for variant in variants]
    for network in encoders:
        if network not in names:
            raise ModelError(unknown("network", network, names))
    scale = ablation.scale(full=full)
    if training.get("iterations") is None:
        training["iterations"] = scale.recipe.iterations
    fits = [variant.name for variant in variants if encoder and variant.takes_encoder]
    return AblationSpec(
        ablation=ablation,
        full=full,
        variants=variants,
        seeds=tuple(dict.fromkeys(seeds)),
        encoders={**dict.fromkeys(fits, encoder), **encoders},
        # Each training replaces the card with the card of its network.
        training=training_spec(scale.card, recipe=scale.recipe, **training),
        limit=limit,
        gpus=gpus,
    )
