"""A trained model on disk: its weights, and a model card that records the training."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from torch import nn

from robustbench_seg.codec import parse_toml
from robustbench_seg.datasets import LabelledSamples
from robustbench_seg.errors import IncompleteError, ModelError, WeightsError
from robustbench_seg.files import write_text
from robustbench_seg.machine.torchrun import torchrun_processes
from robustbench_seg.records.cards.model_card import ModelCard, card_text
from robustbench_seg.records.cards.weights_source import WeightsSource
from robustbench_seg.records.specs.training_spec import TrainingSpec
from robustbench_seg.records.values.preprocessing import Inference
from robustbench_seg.records.values.training import Training
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.training.command import training_command
from robustbench_seg.training.initial_network import with_drop_path
from robustbench_seg.weights import not_finite, save_weights


@dataclasses.dataclass(frozen=True)
class TrainedModel:
    """The model that a training has saved.

    Attributes:
        card: The path of the model card; the weights are next to it.
        iterations: Optimiser steps taken, over all starts.
        miou: Clean mIoU in percent on the validation split. NaN if no pixel is scored, and in all
            processes of torchrun except the first.
        summary: The result in one line of text.
    """

    card: Path
    iterations: int
    miou: float
    summary: str


def card_path(folder: Path, card: ModelCard) -> Path:
    """The path at which the card of a trained model is written, in the folder of its training."""
    return folder / f"{card.name}.toml"


def planned_model(
    spec: TrainingSpec, base_card: ModelCard, images: LabelledSamples
) -> tuple[ModelCard, Training]:
    """Return the card of the model to train, and the record of its training without results.

    Args:
        spec: The specification. It names the dataset.
        base_card: The card of the network.
        images: The split to train on.

    Raises:
        ModelError: The name of the model is not the name of a file.
    """
    assert spec.dataset is not None, "with_dataset names it"
    recipe, processes = spec.recipe, torchrun_processes().count
    card = trained_card(
        base_card,
        name=spec.name or f"{base_card.name}-{images.name}".replace(":", "-"),
        dataset=spec.dataset,
        classes=len(images.classes),
        recipe=recipe,
    )
    if Path(card.name).name != card.name:
        raise ModelError(f"name '{card.name}' is part of file names; give a name without /")
    training = Training(
        command=training_command(spec, processes),
        minutes=0.0,
        hardware="",
        iterations=0,
        seed=recipe.seed,
        encoder=spec.encoder,
        augment=recipe.augment,
        ema=recipe.ema,
        model=base_card.name,
        dataset=images.name,
        split=images.split,
        images=len(images),
        precision=spec.precision,
        processes=processes,
        recipe=with_drop_path(recipe, base_card),
    )
    return card, training


def trained_card(
    card: ModelCard, *, name: str, dataset: str, classes: int, recipe: TrainingRecipe
) -> ModelCard:
    """Derive the card of a trained network from the card that it is built from.

    The new card tests in the windows of `card` if the training uses that card's dataset and crops
    of the size of a window, as the paper's models do. Otherwise it tests on whole images. The
    model's name ends in the name of an augmentation for robustness, so that every table and figure
    shows it.

    Args:
        card: The card that the network is built from.
        name: Name of the trained model.
        dataset: Name or TOML file of the dataset that it is trained on.
        classes: Number of classes.
        recipe: Its `augment` and `crop` are used.

    Returns:
        The card without a training; its weights are next to it.
    """
    name = f"{name}-{recipe.augment}" if recipe.augment else name
    crop = card.inference.crop
    in_windows = dataset == card.dataset and recipe.crop == (crop, crop)
    return dataclasses.replace(
        card,
        name=name,
        dataset=dataset,
        classes=classes,
        class_names=None,  # they are in the weight file
        weights=WeightsSource(source="file", location=f"{name}.safetensors"),
        inference=card.inference if in_windows else Inference(mode="whole"),
        published=None,
    )


def save_trained_model(
    folder: Path,
    network: nn.Module,
    card: ModelCard,
    class_names: Sequence[str],
    training: Training,
    remark: str,
    *,
    half: bool,
) -> Path:
    """Write the weights, then the card, into a folder.

    Args:
        folder: The folder.
        network: The trained network.
        card: Its card, without the training.
        class_names: Class names in order. They go into the weight file, because a segmenter has no
            other source for the names of a user's dataset.
        training: The record of its training.
        remark: A comment at the top of the card.
        half: Whether the weights are stored as float16.

    Returns:
        The card's path.

    Raises:
        ModelError: A weight is NaN or infinite; nothing is written.
        IncompleteError: A value does not fit float16; the weights are stored as float32 instead.
    """
    metadata = {
        "architecture": card.architecture,
        "variant": json.dumps(card.variant, sort_keys=True),
        "num_classes": str(card.classes),
        "classes": json.dumps(list(class_names), ensure_ascii=False),
        "dataset": card.dataset,
        **({"eps": card.variant["eps"]} if "eps" in card.variant else {}),
    }
    weights = folder / card.weights.location
    state = network.state_dict()
    if tensors := not_finite(state):
        raise ModelError(
            f"{weights}: not written, because the training ended in NaN or infinite values, first "
            f"in {tensors[0]}; train again with a lower lr, or in float32"
        )
    too_large: WeightsError | None = None
    try:
        save_weights(weights, state, metadata, half=half)
    except WeightsError as error:
        if not half:
            raise
        too_large = error
        save_weights(weights, state, metadata)
    text = card_text(dataclasses.replace(card, training=training), remark)
    path = card_path(folder, card)
    parse_toml(ModelCard, text, str(path))  # never write a card that cannot be read
    write_text(path, text)
    if too_large:
        raise IncompleteError(f"{too_large}; the training is kept, in float32")
    return path
