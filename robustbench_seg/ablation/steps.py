"""The steps of an ablation: typed values that train, score and report."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from robustbench_seg.evaluation import evaluate
from robustbench_seg.files import write_text
from robustbench_seg.records.cards.ablation import AblationVariant
from robustbench_seg.records.cards.model_card import card_text, load_card
from robustbench_seg.records.specs.ablation_spec import AblationSpec
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.records.specs.training_spec import TrainingSpec
from robustbench_seg.records.values.preprocessing import Inference
from robustbench_seg.reporting.page_report import report
from robustbench_seg.training import TrainedModel, find_trained_model, train


@dataclass(frozen=True)
class TrainStep:
    """Train one network with one seed."""

    spec: TrainingSpec

    def __str__(self) -> str:
        return f"train {self.spec.name}, seed {self.spec.recipe.seed}"

    def finished(self) -> TrainedModel | None:
        """The model that an earlier run of this step has saved, or None."""
        return find_trained_model(self.spec)

    def run(self) -> None:
        """Train, or continue from the checkpoint."""
        train(self.spec)


@dataclass(frozen=True)
class WindowsStep:
    """Write the card of a trained network that is tested in square windows.

    Attributes:
        trained: Card of the trained network.
        card: Path of the card that is written.
        side: Side of a window, in pixels; windows overlap by a quarter of it.
    """

    trained: Path
    card: Path
    side: int

    def __str__(self) -> str:
        return f"write {self.card}, tested in windows of {self.side}"

    def run(self) -> None:
        """Write the card."""
        window = Inference("slide", self.side, 3 * self.side // 4)
        card = replace(load_card(self.trained), inference=window)
        write_text(self.card, card_text(card, "Tested in windows of the training crop."))


@dataclass(frozen=True)
class EvaluateStep:
    """Score one trained network, clean and under every corruption."""

    spec: EvaluationSpec

    def __str__(self) -> str:
        spec = self.spec
        images = f"the first {spec.limit} images of " if spec.limit else ""
        return f"score {', '.join(spec.models)} on {images}{spec.dataset}"

    def run(self) -> None:
        """Compute missing scores; processes of torchrun share the images."""
        evaluate(self.spec, progress=True)


@dataclass(frozen=True)
class ReportStep:
    """Write the report of all runs.

    Attributes:
        runs: Folder of run folders.
        out: Folder of the report.
    """

    runs: Path
    out: Path

    def __str__(self) -> str:
        return f"report {self.runs}"

    def run(self) -> None:
        """Write the page, its tables and its figures."""
        report(self.runs, self.out)


Step = TrainStep | WindowsStep | EvaluateStep | ReportStep


def ablation_steps(spec: AblationSpec) -> Iterator[Step]:
    """Yield the steps of an ablation. Computes nothing.

    Every network is trained and scored with one seed, then with the next.

    Args:
        spec: The ablation.

    Yields:
        The steps, as values that print as one line.

    >>> spec = rs.ablation_spec("width", out="width", variants=["c256"], seeds=[0, 1])
    >>> [type(step).__name__ for step in rs.ablation_steps(spec)]
    ['TrainStep', 'EvaluateStep', 'TrainStep', 'EvaluateStep', 'ReportStep']
    """
    for seed in spec.seeds:
        for variant in spec.variants:
            folder = spec.out / "trained" / f"{variant.name}-{seed}"
            yield TrainStep(_training(spec, variant, seed, folder))
            card = folder / f"{variant.name}.toml"
            for model in variant.tests:
                tested = folder / f"{model}.toml"
                if tested != card:
                    yield WindowsStep(card, tested, spec.training.recipe.crop[0])
                yield EvaluateStep(_evaluation(spec, tested))
    yield ReportStep(spec.runs, spec.out / "report")


def _training(
    spec: AblationSpec, variant: AblationVariant, seed: int, folder: Path
) -> TrainingSpec:
    return replace(
        spec.training,
        model=str(spec.card_file(variant)),
        name=variant.name,
        out=folder,
        dataset=spec.dataset,
        encoder=spec.encoders.get(variant.name),
        recipe=replace(spec.training.recipe, seed=seed),
    )


def _evaluation(spec: AblationSpec, card: Path) -> EvaluationSpec:
    return EvaluationSpec(
        models=(str(card),),
        dataset=spec.dataset,
        data=spec.training.data,
        limit=spec.limit,
        device=spec.training.device,
        out=spec.runs,
    )
