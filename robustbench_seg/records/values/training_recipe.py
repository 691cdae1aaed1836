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

ITERATIONS = 160_000
"""Optimiser steps where a recipe has neither iterations nor minutes."""


Scale = Annotated[float, Range(above=0, most=1000)]


@dataclass(frozen=True)
class TrainingRecipe:
    """Everything that decides what a training computes, except network, data and hardware.

    Attributes:
        iterations: Optimiser steps. None becomes 160,000 where `minutes` is None too; with
            `minutes` it means no such limit.
        minutes: Training time, without validation. None means no such limit. With both limits the
            training ends at the first (see `schedule.progress`).
        batch: Images per step.
        crop: Height and width, in pixels, of what the network sees.
        resize: Range of the uniform random scale of an image. The scale is relative to the size
            that the model's card fits an image into, or else to the image's own size.
        category_ratio: A crop is drawn again, up to 10 times, while one class fills this share.
        flip: Probability of mirroring left and right.
        photometric: Whether brightness, contrast, saturation and hue are distorted.
        lr: Peak learning rate of the backbone (AdamW).
        betas: Decay rates of AdamW's two moments.
        weight_decay: AdamW's decoupled weight decay. LayerNorms and position encodings do not
            decay; all other parameters do, BatchNorms and biases included, as in the released
            SegFormer configurations.
        head_lr_factor: Learning rate of everything outside the backbone, relative to `lr`.
        warmup: Steps of linear warm-up.
        warmup_ratio: Share of the learning rate at the first step.
        power: Exponent of the polynomial decay.
        augment: Augmentation for robustness, "augmix" or "style", applied after all others (see
            training/robust_augment.py). None means none, as in the SegFormer recipe.
        ema: Decay of an exponential moving average of the weights, which is then validated and
            saved: average <- ema average + (1 - ema) weights after each step, from the first
            step's weights on. None means no average.
        drop_path: Stochastic depth of the backbone at its last block. None means the network's
            own default.
        seed: Seed of initial weights, order of images, augmentation and dropout.

    Raises:
        OptionError: A value is out of range.
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
            object.__setattr__(self, "iterations", ITERATIONS)
        for name in ("crop", "resize", "betas"):
            pair = getattr(self, name)
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise OptionError(f"{name} = {pair}: two values wanted")
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
        """The fields in which two recipes differ, the seed left aside, such as "lr 0.1 and 0.2"."""
        return tuple(
            f"{field.name} {mine} and {theirs}"
            for field in fields(self)
            if field.name != "seed"
            and (mine := getattr(self, field.name)) != (theirs := getattr(other, field.name))
        )


class RecipeOptions(TypedDict, total=False):
    """Fields of TrainingRecipe as keyword options."""

    iterations: int | None
    minutes: float | None
    batch: int
    crop: tuple[int, int]
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
    augment: Augmentation | None
    ema: float | None
    drop_path: float | None
    seed: int
