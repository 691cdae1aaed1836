"""An ablation as it was asked for: its steps, and how far it is from the paper's experiment."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from robustbench_seg.ablation.steps import EvaluateStep, ReportStep, Step, TrainStep, WindowsStep
from robustbench_seg.ablation.table import published_score
from robustbench_seg.errors import ModelError, unknown
from robustbench_seg.records.ablation import Ablation, AblationVariant, load_ablation
from robustbench_seg.records.evaluation_spec import EvaluationSpec
from robustbench_seg.records.training_spec import TrainingSpec, training_spec

ABLATION_OPTIONS = frozenset(
    {
        *("model", "name", "encoder", "dataset", "data", "out", "device", "augment"),
        *("iterations", "minutes", "crop", "seed"),
    }
)
"""Options of a training that an ablation sets itself."""


@dataclass(frozen=True)
class AblationSpec:
    """An ablation as it was asked for.

    Attributes:
        ablation: Its definition.
        full: Whether its networks are the paper's; otherwise they are scaled down.
        variants: The networks that are trained.
        seeds: Seeds of the trainings; each network is trained with each of them.
        encoders: Weights that the encoders of some variants start from, by the variant's name.
        training: What all trainings share; its model is the card that all networks have in common,
            its folder is the ablation's.
        limit: How many images are scored; None means all.
        gpus: Processes of torchrun; 1 means without torchrun.
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
        """The folder of everything."""
        return self.training.out

    @property
    def dataset(self) -> str:
        """Name or TOML file of the dataset that is trained on and scored."""
        return self.training.dataset or self.ablation.scale(self.full).dataset

    @property
    def runs(self) -> Path:
        """The folder of the scores; those of the first images only lie apart."""
        return self.out / (f"runs-{self.limit}" if self.limit else "runs")

    def card_file(self, variant: AblationVariant) -> Path:
        """Where the card of an untrained network lies."""
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


def ablation_spec(
    name: str,
    *,
    out: str | Path,
    dataset: str | None = None,
    data: str | Path | None = None,
    variants: Sequence[str] = (),
    seeds: Sequence[int] = (0,),
    iterations: int | None = None,
    limit: int | None = None,
    full: bool = False,
    encoder: str | None = None,
    encoders: Mapping[str, str] | None = None,
    device: str = "cpu",
    gpus: int = 1,
    **training_options: Any,
) -> AblationSpec:
    """Describe an ablation of the SegFormer paper; nothing is computed.

    Args:
        name: One of `list_ablations()`.
        out: Folder of everything.
        dataset: Name or TOML file of the dataset. None means the ablation's own.
        data: Root folder of the dataset.
        variants: Names of the networks. None named means all.
        seeds: Seeds of the trainings; a repeated one counts once.
        iterations: Steps of each training. None means the ablation's own.
        limit: Number of images to score, the first ones. None means all.
        full: Whether networks, data and recipe are the paper's; otherwise they are scaled down.
        encoder: Weights that every encoder starts from that they fit.
        encoders: Weights that single networks' encoders start from, by the network's name.
        device: A torch device.
        gpus: GPUs, each for a process of torchrun.
        **training_options: Fields of TrainingRecipe and further options of `train`.

    Raises:
        ModelError: There is no such ablation, variant or network, or the ablation sets an option
            itself.
    """
    ablation = load_ablation(name)
    chosen = ablation.select(variants)
    for option in training_options:
        if option in ABLATION_OPTIONS:
            raise ModelError(f"`{option}` is set by the ablation itself; leave it out")
    for network in encoders or ():
        if network not in [variant.name for variant in chosen]:
            raise ModelError(unknown("network", network, [variant.name for variant in chosen]))
    fits = [variant.name for variant in chosen if variant.takes_encoder]
    scale = ablation.scale(full)
    return AblationSpec(
        ablation=ablation,
        full=full,
        variants=chosen,
        seeds=tuple(dict.fromkeys(seeds)),
        encoders={**(dict.fromkeys(fits, encoder) if encoder else {}), **(encoders or {})},
        training=training_spec(
            scale.card,  # each training replaces it by the card of its network
            out=out,
            dataset=dataset,
            data=data,
            recipe=scale.recipe,
            iterations=iterations or scale.recipe.iterations,
            device=device,
            **training_options,
        ),
        limit=limit,
        gpus=gpus,
    )
