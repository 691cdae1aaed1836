"""The hyper-parameters of a training; the defaults are SegFormer's on Cityscapes.

Source: arXiv 2105.15203, section 4.1, and the released 160k-iteration configurations.
"""

from dataclasses import dataclass

from robustbench_seg.errors import ModelError, unknown

AUGMENTATIONS = ("augmix", "style")
"""For robustness, behind all others (training/robust_augment.py)."""


@dataclass(frozen=True)
class TrainingRecipe:
    """Everything that decides what a training computes, beside network, data and hardware.

    iterations:      optimiser steps; None = no such limit (then `minutes` is needed)
    minutes:         training time, without validation; None = no such limit. When both are
                     given the training ends with the first (see `schedule.progress`)
    batch:           images per step
    crop:            height and width in pixels of what the network sees
    resize:          range of the random scale, uniform, of the size that the model's card fits an
                     image into (SegFormer's for ADE20K: short side 512), or else of its own
    category_ratio:  a crop is drawn anew (up to 10 times) while one class fills this share
    flip:            probability of mirroring left and right
    photometric:     whether brightness, contrast, saturation and hue are distorted
    lr:              AdamW's peak learning rate for the backbone
    betas:           AdamW's decay rates of the two moments
    weight_decay:    AdamW's decoupled decay; 0 for normalisation layers and position encodings
    head_lr_factor:  learning rate of everything outside the backbone, relative to `lr`
    warmup:          steps of linear warm-up
    warmup_ratio:    share of the learning rate at the first step
    power:           exponent of the polynomial decay
    augment:         one of AUGMENTATIONS; None = none, the recipe
    ema:             decay of an exponential moving average of the weights, which is then what is
                     validated and saved: average <- ema average + (1 - ema) weights behind each
                     step, beginning with the first step's weights; None = no average
    drop_path:       stochastic depth of the backbone at its last block; None = the network's
    seed:            of initial weights, order of images, augmentation and dropout
    """

    iterations: int | None = 160_000
    minutes: float | None = None
    batch: int = 8
    crop: tuple[int, int] = (1024, 1024)
    resize: tuple[float, float] = (0.5, 2.0)
    category_ratio: float = 0.75
    flip: float = 0.5
    photometric: bool = True
    lr: float = 6e-5
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.01
    head_lr_factor: float = 10.0
    warmup: int = 1500
    warmup_ratio: float = 1e-6
    power: float = 1.0
    augment: str | None = None
    ema: float | None = None
    drop_path: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.iterations is None and self.minutes is None:
            raise ModelError("recipe: no end: give iterations, minutes or both")
        if self.augment is not None and self.augment not in AUGMENTATIONS:
            raise ModelError(f"recipe: {unknown('augment', self.augment, AUGMENTATIONS)}")
        checks = {
            "iterations": self.iterations is None or self.iterations > 0,
            "minutes": self.minutes is None or self.minutes > 0,
            "batch": self.batch > 0,
            "crop": min(self.crop) >= 32,
            "resize": 0 < self.resize[0] <= self.resize[1],
            "category_ratio": 0 < self.category_ratio <= 1,
            "flip": 0 <= self.flip <= 1,
            "lr": self.lr > 0,
            "weight_decay": self.weight_decay >= 0,
            "head_lr_factor": self.head_lr_factor > 0,
            "warmup": self.warmup >= 0,
            "ema": self.ema is None or 0 <= self.ema < 1,
            "drop_path": self.drop_path is None or 0 <= self.drop_path < 1,
            "seed": self.seed >= 0,
        }
        for name, fits in checks.items():
            if not fits:
                raise ModelError(f"recipe: {name} = {getattr(self, name)} is out of range")
