"""The product of a training: weights, and a model card that holds how they were trained."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from torch import nn

from robustbench_seg.cards import parse
from robustbench_seg.errors import IncompleteError, ModelError, WeightsError
from robustbench_seg.files import write_text
from robustbench_seg.records.model_card import (
    Inference,
    ModelCard,
    Training,
    WeightsSource,
    card_text,
)
from robustbench_seg.records.training_recipe import TrainingRecipe
from robustbench_seg.weights import not_finite, save_weights


@dataclasses.dataclass(frozen=True)
class TrainedModel:
    """What a training came to.

    Attributes:
        card: The model card's path; its weights lie beside it.
        iterations: Optimiser steps taken, over all starts.
        miou: Clean mIoU in percent on the validation split. NaN where no pixel is scored, and in
            all processes of torchrun but the first.
        summary: What was done, in one line.
    """

    card: Path
    iterations: int
    miou: float
    summary: str


def trained_card(
    card: ModelCard, *, name: str, dataset: str, classes: int, recipe: TrainingRecipe
) -> ModelCard:
    """The card of the network of `card` trained on `dataset` by `recipe`, its weights beside it.

    It is tested in the windows of `card` if it is trained on that card's dataset in crops of their
    size, as the paper's models are, else on whole images. recipe.augment ends the name, which
    every table, figure and folder shows.
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


def save(
    folder: Path,
    network: nn.Module,
    card: ModelCard,
    names: Sequence[str],
    training: Training,
    remark: str,
    half: bool,
) -> Path:
    """Write the weights, then the card, into a folder.

    Args:
        folder: The folder.
        network: The trained network.
        card: Its card, without the training.
        names: Class names in order. They go into the weight file, because a dataset that is not
            built in has no other place that a segmenter could take them from.
        training: How it was trained.
        remark: A comment at the head of the card: what was measured.
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
        "classes": json.dumps(list(names), ensure_ascii=False),
        "dataset": card.dataset,
        **({"eps": card.variant["eps"]} if "eps" in card.variant else {}),
    }
    weights = folder / card.weights.location
    state = network.state_dict()
    if tensors := not_finite(state):
        raise ModelError(
            f"{weights}: not written, for the training ended in NaN or infinite values, first in "
            f"{tensors[0]}; train again with a lower --lr, or in float32"
        )
    too_large: WeightsError | None = None
    try:
        save_weights(weights, state, metadata, half)
    except WeightsError as error:
        if not half:
            raise
        too_large = error
        save_weights(weights, state, metadata)
    text = card_text(dataclasses.replace(card, training=training), remark)
    path = folder / f"{card.name}.toml"
    parse(ModelCard, text, str(path))  # a card that cannot be read must not be written
    write_text(path, text)
    if too_large:
        raise IncompleteError(f"{too_large}; the training is kept, in float32")
    return path
