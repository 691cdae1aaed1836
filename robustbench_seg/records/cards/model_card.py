"""Model cards: what a model is, where its weights come from and how its images go in.

One TOML file per model in the content folder `models`; adding a model of a known architecture
is adding one card. Facts that are not known are left out of a card.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from robustbench_seg.codec import Range, read, to_toml
from robustbench_seg.errors import CardError, ModelError, unknown
from robustbench_seg.files import checked_path
from robustbench_seg.records.values.choices import MAX_CLASSES, InferenceMode
from robustbench_seg.records.values.ranges import (
    AboveZero,
    Count,
    Decay,
    Duration,
    Percent,
    Positive,
    Side,
    TrainingSeed,
)
from robustbench_seg.records.values.training_recipe import TrainingRecipe

CONTENT = "robustbench_seg.content.models"

NetworkOptions = Mapping[str, Any]
"""Keyword options of a network's constructor, which differ between architectures."""


@dataclass(frozen=True)
class WeightsSource:
    """Where the weights come from.

    Attributes:
        source: "file" (next to the card), "huggingface" (a hub id), "url", "manual" (a URL that
            only a browser can fetch), or "none": no weights are published, the card is for
            training.
        location: Path relative to the card's folder, hub id, or URL.
        format: Whose parameter names the file has, for readers; the program looks at the file.
        licence: Licence of the weights.
        revision: Commit, tag or branch of a hub id.
        sha256: Digest of the file or its first digits. A file with another digest is refused.
        otherwise: A second source of the same weights, used if the hub does not have this one.
            None: there is no other source.

    Raises:
        CardError: The location is given with "none" or missing without it, the digits of sha256
            are not hexadecimal, or a source that is not the hub has a second source.
    """

    source: Literal["file", "huggingface", "url", "manual", "none"]
    location: str = ""
    format: Literal["robustseg", "nvlabs", "huggingface", "smp", "openmmlab", "vainf", "tf"] = (
        "robustseg"
    )
    licence: str | None = None
    revision: str | None = None
    sha256: str | None = None
    otherwise: "WeightsSource | None" = None

    def __post_init__(self) -> None:
        if (self.source == "none") == bool(self.location):
            wanted = "must be absent" if self.location else "is missing"
            raise CardError(f"with source '{self.source}' a location {wanted}")
        if not re.fullmatch(r"[0-9a-f]{0,64}", self.sha256 or ""):
            raise CardError("sha256: up to 64 hexadecimal digits wanted")
        if self.otherwise and self.source != "huggingface":
            raise CardError("otherwise: only weights of the hub have a second source")


@dataclass(frozen=True)
class Preprocessing:
    """The normalisation of an image: the network sees (rgb - mean) / std, with rgb in 0..1."""

    mean: tuple[float, float, float]
    std: tuple[AboveZero, AboveZero, AboveZero]


@dataclass(frozen=True)
class Inference:
    """How an image larger than the training crops goes through the network.

    Attributes:
        mode: "whole": the image at once. "slide": window by window, the logits averaged.
        crop: Side of the square window, in pixels.
        stride: Step of the window, in pixels.

    Raises:
        CardError: There are windows without the mode "slide", or they leave gaps.
    """

    mode: InferenceMode
    crop: Side | None = None
    stride: Side | None = None

    def __post_init__(self) -> None:
        crop, stride = self.crop, self.stride
        if self.mode == "whole" and (crop, stride) != (None, None):
            raise CardError("mode 'whole' takes neither crop nor stride")
        if self.mode == "slide" and not (crop and stride and 1 <= stride <= crop):
            raise CardError("mode 'slide' needs a positive crop, and a stride of at most that")


@dataclass(frozen=True)
class Resize:
    """The size at which a network sees an image; its logits are scaled back.

    Attributes:
        short: Largest length of the shorter side, in pixels. The image keeps its ratio.
        long: Largest length of the longer side, in pixels.
        multiple: Both sides are then rounded up to a multiple of this.
    """

    short: Side
    long: Side
    multiple: Side = 1

    def scale(self, height: int, width: int) -> float:
        """The factor that fits an image of this size in, before any rounding."""
        return min(self.long / max(height, width), self.short / min(height, width))

    def fitted(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of an image that is fitted in, before `multiple`."""
        scale = self.scale(height, width)
        return int(height * scale + 0.5), int(width * scale + 0.5)

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width that an image is scaled to, as OpenMMLab computes them.

        >>> Resize(768, 1536).size(1024, 2048), Resize(512, 2048, 32).size(500, 333)
        ((768, 1536), (800, 512))
        """
        high, wide = self.fitted(height, width)
        return _raised(high, self.multiple), _raised(wide, self.multiple)


def _raised(side: int, multiple: int) -> int:
    return -(-side // multiple) * multiple


@dataclass(frozen=True)
class Published:
    """Clean mIoU as published, in percent, single scale, on the validation split."""

    miou: Percent
    source: str


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
                raise ValueError(f"{name} is {mine} and the recipe's {theirs}; make them the same")

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


@dataclass(frozen=True)
class ModelCard:
    """One model.

    Attributes:
        architecture: Name of the architecture, see architectures.build.
        dataset: Name of the dataset whose classes it predicts.
        classes: Number of classes.
        weights: Where its weights come from.
        preprocessing: How an image is normalised.
        inference: How a large image goes through the network.
        class_names: Names of the classes, where the dataset is none of the built-in ones.
        variant: Keyword options of the architecture.
        resize: At what size it sees an image. None: at the image's own.
        published: Its published clean score.
        training: How its weights were made, if this program made them.
        name: The name in every table. By default, the card's file name without ".toml".
        folder: The card's folder; set on reading, never in the file.

    Raises:
        CardError: There are not as many class names as classes.
    """

    architecture: str
    dataset: str
    classes: Annotated[int, Range(1, MAX_CLASSES)]
    weights: WeightsSource
    preprocessing: Preprocessing
    inference: Inference
    class_names: tuple[str, ...] | None = None
    variant: NetworkOptions = field(default_factory=dict)
    resize: Resize | None = None
    published: Published | None = None
    training: Training | None = None
    name: str = ""
    folder: Path = field(default=Path(), compare=False, metadata={"stored": False})

    def __post_init__(self) -> None:
        if self.class_names and len(self.class_names) != self.classes:
            raise CardError(
                f"class_names: {len(self.class_names)} given for {self.classes} classes"
            )

    @property
    def weights_file(self) -> Path | None:
        """The weights next to the card, if its source is "file"."""
        return self.folder / self.weights.location if self.weights.source == "file" else None

    @property
    def weights_origin(self) -> str:
        """Where the weights come from, for tables: "shipped" for a file next to the card."""
        return "shipped" if self.weights_file else self.weights.source


def list_models() -> tuple[str, ...]:
    """The names of all cards that ship with the package, sorted."""
    names = (Path(entry.name) for entry in resources.files(CONTENT).iterdir())
    return tuple(sorted(name.stem for name in names if name.suffix == ".toml"))


def list_hub_models() -> tuple[str, ...]:
    """List the names of all cards of models that transformers runs (see hub_card), sorted."""
    names = (Path(entry.name) for entry in (resources.files(CONTENT) / "hub").iterdir())
    return tuple(sorted(name.stem for name in names if name.suffix == ".toml"))


def load_card(name_or_path: str | Path) -> ModelCard:
    """Read a card.

    Args:
        name_or_path: A name (see list_models), or the path of a TOML file.

    Raises:
        ModelError: There is no card of this name.
        CardError: The card cannot be read or is wrong.
        FileError: It is not a path.
    """
    if str(name_or_path).endswith(".toml"):
        path = checked_path(name_or_path)
    elif str(name_or_path) in list_models():
        path = Path(str(resources.files(CONTENT))) / f"{name_or_path}.toml"
    else:
        if str(name_or_path) in list_hub_models():
            raise ModelError(
                f"{name_or_path} is run by transformers: it can be evaluated, and nothing else"
            )
        names = (*list_models(), *list_hub_models())
        raise ModelError(unknown("model", str(name_or_path), names))
    card = read(ModelCard, path, "model card")
    return replace(card, name=card.name or path.stem, folder=path.parent)


def card_text(card: ModelCard, remark: str) -> str:
    """The TOML of a card, a comment in front; its name is that of its file."""
    return to_toml(card, remark, without=("name",))
