"""The record of a model's training, on its card and in its runs."""

from dataclasses import dataclass

from robustbench_seg.records.values.choices import Augmentation, Precision
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
    """How this program trained weights.

    Cards of earlier versions lack the recipe and the facts below it.

    Attributes:
        command: The command that repeats the training, for readers; no program parses it.
        minutes: Training time, without validation.
        hardware: Name of the GPU, or of the processor and its threads.
        iterations: Optimiser steps taken.
        seed: The recipe's.
        encoder: Initial weights of the encoder. None means random values.
        augment: The recipe's augmentation for robustness. Do not compare a model that has one with
            models trained only on clean images.
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
        ValueError: Seed, augmentation or decay of the average differ from the recipe.
    """

    command: str
    minutes: Duration
    hardware: str
    iterations: Count
    seed: TrainingSeed
    encoder: str | None = None
    augment: Augmentation | None = None
    ema: Decay | None = None
    miou: Percent | None = None
    model: str | None = None
    dataset: str | None = None
    split: str | None = None
    images: Positive | None = None
    encoder_sha256: str | None = None
    precision: Precision | None = None
    processes: Positive | None = None
    recipe: TrainingRecipe | None = None

    def __post_init__(self) -> None:
        for name in ("seed", "augment", "ema") if self.recipe else ():
            mine, theirs = getattr(self, name), getattr(self.recipe, name)
            if mine != theirs:
                raise ValueError(f"{name} is {mine}, but {theirs} in the recipe; make them equal")

    def differences(self, other: "Training") -> tuple[str, ...]:
        """The relevant differences between two trainings; empty if only the seed differs.

        Results and the way a training was run (hardware, processes, command) are not compared. The
        steps taken are compared if the recipe has a time limit. If one training has no recipe, that
        is a difference, unless the two are equal.

        Returns:
            One text per difference, such as "lr 0.1 and 0.2"; empty for trainings of one recipe.
        """
        if self == other:
            return ()
        if self.recipe is None or other.recipe is None:
            return ("recipe, which is not recorded",)
        names = ["model", "dataset", "split", "images", "encoder_sha256", "precision"]
        if self.recipe.minutes is not None or other.recipe.minutes is not None:
            names.append("iterations")  # the elapsed time decided their number
        facts = tuple(
            f"{name} {mine} and {theirs}"
            for name in names
            if (mine := getattr(self, name)) != (theirs := getattr(other, name))
        )
        return facts + self.recipe.differences(other.recipe)
