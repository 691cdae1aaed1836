"""The hyper-parameters of a training; the defaults are SegFormer's on Cityscapes.

Source: arXiv 2105.15203, section 4.1, and the released 160k-iteration configurations.
"""

from dataclasses import dataclass, fields
from typing import Annotated, TypedDict

from robustbench_seg.codec import Range, check_ranges
from robustbench_seg.errors import OptionError
from robustbench_seg.records.values.choices import Augmentation, check_choice
from robustbench_seg.records.values.image_size import MAX_INPUT_PIXELS, check_size
from robustbench_seg.records.values.ranges import (
    AboveZero,
    Batch,
    CropSide,
    Decay,
    Iterations,
    Minutes,
    Share,
    TrainingSeed,
    Warmup,
)

DEFAULT_ITERATIONS = 160_000
"""Optimiser steps of a recipe that has neither iterations nor minutes."""


Scale = Annotated[float, Range(above=0, most=1000)]


@dataclass(frozen=True)
class TrainingRecipe:
    """Hyper-parameters of a training. Network, data and hardware are separate.

    Attributes:
        iterations: Optimiser steps, at least 1. None means 160,000, or no limit if `minutes` is
            given.
        minutes: Training time without validation, above 0. None means no limit. With both limits
            the training ends at the first one (see `schedule.progress`).
        batch: Images per step, 1 to 65,536.
        crop: Height and width of the training crop in pixels, each at least 32.
        resize: Range of the uniform random scale of an image, above 0. The scale is relative to
            the size that the card resizes images to, or else to the size of the image.
        category_ratio: Maximum share of a crop that one class may fill, above 0 and up to 1. Other
            crops are drawn again, up to 10 times.
        flip: Probability of a horizontal flip, 0 to 1.
        photometric: Whether to distort brightness, contrast, saturation and hue.
        lr: Peak learning rate of the backbone (AdamW), above 0.
        betas: Decay rates of AdamW's two moments, each at least 0 and below 1.
        weight_decay: AdamW's decoupled weight decay, at least 0. It applies to all parameters
            except LayerNorms and position encodings, as in the released SegFormer configurations;
            BatchNorms and biases decay.
        head_lr_factor: Learning rate of all parameters outside the backbone, relative to `lr`.
        warmup: Steps of linear warm-up, at least 0.
        warmup_ratio: Learning rate at the first step, relative to `lr`, 0 to 1.
        power: Exponent of the polynomial decay, at least 0.
        augment: Augmentation for robustness, "augmix" or "style", applied after all others (see
            training/robust_augment.py). None means no such augmentation, as in the SegFormer
            recipe.
        ema: Decay of an exponential moving average of the weights, at least 0 and below 1. After
            each step, average <- ema average + (1 - ema) weights; the first average is the weights
            after the first step. The average is validated and saved. None means no average.
        drop_path: Stochastic depth of the last backbone block, at least 0 and below 1. None means
            the default of the network.
        seed: Seed of initial weights, image order, augmentation and dropout, 0 to 2^63 - 1.

    Raises:
        OptionError: A value is out of range.

    >>> recipe = rs.TrainingRecipe(minutes=30, batch=4)
    >>> recipe.lr, recipe.crop, recipe.iterations
    (6e-05, (1024, 1024), None)
    """

    iterations: Iterations | None = None
    minutes: Minutes | None = None
    batch: Batch = 8
    crop: tuple[CropSide, CropSide] = (1024, 1024)
    resize: tuple[Scale, Scale] = (0.5, 2.0)
    category_ratio: Annotated[float, Range(above=0, most=1)] = 0.75
    flip: Share = 0.5
    photometric: bool = True
    lr: AboveZero = 6e-5
    betas: tuple[Decay, Decay] = (0.9, 0.999)
    weight_decay: Annotated[float, Range(0)] = 0.01
    head_lr_factor: AboveZero = 10.0
    warmup: Warmup = 1500
    warmup_ratio: Share = 1e-6
    power: Annotated[float, Range(0)] = 1.0
    augment: Augmentation | None = None
    ema: Decay | None = None
    drop_path: Decay | None = None
    seed: TrainingSeed = 0

    def __post_init__(self) -> None:
        if self.iterations is None and self.minutes is None:
            object.__setattr__(self, "iterations", DEFAULT_ITERATIONS)
        for name in ("crop", "resize", "betas"):
            pair = getattr(self, name)
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise OptionError(f"{name} = {pair}: expected two values")
            object.__setattr__(self, name, tuple(pair))  # a list is not equal to a tuple
        if self.augment is not None:
            check_choice("augmentation", self.augment, Augmentation)
        check_ranges(self)
        if self.resize[0] > self.resize[1]:
            raise OptionError(
                f"resize = {self.resize} is out of range; give the smaller scale first"
            )
        check_size(self.crop)
        if self.batch * self.crop[0] * self.crop[1] > MAX_INPUT_PIXELS:
            raise OptionError(
                f"batch = {self.batch} crops of {self.crop[0]}x{self.crop[1]} have more than "
                f"{MAX_INPUT_PIXELS} pixels; make one of the two smaller"
            )

    def differences(self, other: "TrainingRecipe") -> tuple[str, ...]:
        """The fields except the seed in which two recipes differ, such as "lr 0.1 and 0.2"."""
        return tuple(
            f"{field.name} {mine} and {theirs}"
            for field in fields(self)
            if field.name != "seed"
            and (mine := getattr(self, field.name)) != (theirs := getattr(other, field.name))
        )


class SharedRecipeOptions(TypedDict, total=False):
    """The fields of TrainingRecipe that the trainings of an ablation share, as keyword options."""

    iterations: int | None
    batch: int
    resize: tuple[float, float]
    category_ratio: float
    flip: float
    photometric: bool
    lr: float
    betas: tuple[float, float]
    weight_decay: float
    head_lr_factor: float
    warmup: int
    warmup_ratio: float
    power: float
    ema: float | None
    drop_path: float | None


class RecipeOptions(SharedRecipeOptions, total=False):
    """Fields of TrainingRecipe as keyword options."""

    minutes: float | None
    crop: tuple[int, int]
    augment: Augmentation | None
    seed: int
