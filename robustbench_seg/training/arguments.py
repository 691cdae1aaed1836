"""Resolves the arguments of `train`: the specification, the card and the open splits."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from robustbench_seg.datasets import LabelledSamples, check_dataset, open_dataset
from robustbench_seg.errors import DatasetError
from robustbench_seg.records.cards.model_card import ModelCard, load_card
from robustbench_seg.records.specs.spec_values import check_given_alone
from robustbench_seg.records.specs.training_spec import TrainingSpec, training_spec


@dataclass(frozen=True, eq=False)
class TrainingInputs:
    """What a training starts from.

    Attributes:
        spec: The specification. It names the dataset and the splits of the images.
        base_card: The card of the network.
        images: The split to train on.
        validation: The split on which mIoU is measured.
    """

    spec: TrainingSpec
    base_card: ModelCard
    images: LabelledSamples
    validation: LabelledSamples


def open_inputs(
    spec: TrainingSpec | None,
    *,
    model: str | Path | ModelCard | None,
    dataset: str | Path | LabelledSamples | None,
    validate_on: str | LabelledSamples | None,
    options: Mapping[str, Any],
) -> TrainingInputs:
    """Resolve the arguments of `train`, and open the splits that they name.

    Args:
        spec: As for `train`.
        model: Likewise.
        dataset: Likewise.
        validate_on: Likewise.
        options: Likewise.

    Raises:
        RobustsegError: The card or a split cannot be read, or arguments do not fit together.
    """
    names: dict[str, Any] = {}
    if isinstance(dataset, str | Path):
        names["dataset"] = str(dataset)
    if isinstance(validate_on, str):
        names["validate_on"] = validate_on
    if spec is None:
        card_name = model.name if isinstance(model, ModelCard) else model
        spec = training_spec(card_name, **names, **options)
    else:
        check_given_alone(model, dataset, validate_on, options=options)
    base_card = model if isinstance(model, ModelCard) else load_card(spec.model)
    images = None if isinstance(dataset, str | Path) else dataset
    validation = None if isinstance(validate_on, str) else validate_on
    for given in (images, validation):
        if given is not None:
            check_dataset(given, LabelledSamples)
    if images is None:
        spec = with_dataset(spec, base_card)
        images = open_split(spec, spec.split)
        if validation is None:
            validation = open_split(spec, spec.validate_on)
    elif validation is None:
        raise DatasetError(
            f"the dataset '{images.name}' is given as an object, so its split "
            f"'{spec.validate_on}' cannot be opened; give an open dataset as validate_on"
        )
    else:
        spec = replace(spec, dataset=images.name)
    spec = replace(spec, split=images.split, validate_on=validation.split)
    return TrainingInputs(spec, base_card, images, validation)


def with_dataset(spec: TrainingSpec, base_card: ModelCard) -> TrainingSpec:
    """Name the dataset of the card in a specification that names none."""
    return replace(spec, dataset=spec.dataset or base_card.dataset)


def open_split(spec: TrainingSpec, split: str) -> LabelledSamples:
    """Open a split of the dataset that a specification names.

    Raises:
        CardError, DatasetError: It does not exist or cannot be read.
    """
    assert spec.dataset is not None, "with_dataset names it"
    return open_dataset(spec.dataset, spec.data, split)
