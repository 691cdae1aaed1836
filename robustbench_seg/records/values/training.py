"""The training of a model: what is recorded of it on its card and in its runs."""

from dataclasses import dataclass

from robustbench_seg.records.values.ranges import (
    Count,
    Decay,
    Duration,
    Percent,
    Positive,
    TrainingSeed,
)
from robustbench_seg.records.values.training_recipe import TrainingRecipe


@dataclass(frozen=True)
class Training:
    """How weights trained with this program were made.

    Cards of earlier versions have neither the recipe nor the facts below it.

    Attributes:
        command: The command that makes them again, for readers; no program parses it.
        minutes: Training time, without validation.
        hardware: Name of the GPU, or of the processor and its threads.
        iterations: Optimiser steps taken.
        seed: The recipe's.
        encoder: What the encoder started from. None means random values.
        augment: The recipe's augmentation for robustness. A model with one is not to be compared
            with those that saw clean images alone.
        ema: The recipe's decay of the average of the weights.
        miou: Clean mIoU in percent on the validation split at the end.
        model: Name of the card that the network was built from.
        dataset: Name of the dataset trained on.
        split: Its split.
        images: Number of images of the split.
        encoder_sha256: First digits of the sha256 of the encoder's file.
        precision: "float32", or "bf16" or "fp16" for autocast.
        processes: Processes that shared each batch.
        recipe: The hyper-parameters, every field resolved.

    Raises:
        ValueError: Seed, augmentation or decay of the average are not the recipe's.
    """

    command: str
    minutes: Duration
    hardware: str
    iterations: Count
    seed: TrainingSeed
    encoder: str | None = None
    augment: str | None = None
    ema: Decay | None = None
    miou: Percent | None = None
    model: str | None = None
    dataset: str | None = None
    split: str | None = None
    images: Positive | None = None
    encoder_sha256: str | None = None
    precision: str | None = None
    processes: Positive | None = None
    recipe: TrainingRecipe | None = None

    def __post_init__(self) -> None:
        for name in ("seed", "augment", "ema") if self.recipe else ():
            mine, theirs = getattr(self, name), getattr(self.recipe, name)
            if mine != theirs:
                raise ValueError(f"{name} is {mine}, but {theirs} in the recipe; make them equal")

    def differences(self, other: "Training") -> tuple[str, ...]:
        """The things that matter in which two trainings differ; none for another seed alone.

        Results and how a training was run (hardware, processes, command) are not compared. The
        steps taken are compared where the recipe has a limit of time. Trainings of which one has
        no recipe differ in it, unless they are equal.

        Returns:
            One text a thing, such as "lr 0.1 and 0.2"; empty for trainings of one recipe.
        """
        if self == other:
            return ()
        if self.recipe is None or other.recipe is None:
            return ("recipe, which is not recorded",)
        names = ["model", "dataset", "split", "images", "encoder_sha256", "precision"]
        if self.recipe.minutes is not None or other.recipe.minutes is not None:
            names.append("iterations")  # the clock decided them
        facts = tuple(
            f"{name} {mine} and {theirs}"
            for name in names
            if (mine := getattr(self, name)) != (theirs := getattr(other, name))
        )
        return facts + self.recipe.differences(other.recipe)
