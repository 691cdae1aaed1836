"""The effective receptive fields of models with a card, on the images of a dataset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from robustbench_seg.analysis.effective_field import (
    EffectiveField,
    central_crop,
    effective_fields,
    encoder_stages,
)
from robustbench_seg.datasets import Dataset, open_dataset
from robustbench_seg.errors import ModelError
from robustbench_seg.machine.hardware import check_device
from robustbench_seg.machine.progress import progress_bar
from robustbench_seg.records.cards.model_card import ModelCard, load_card
from robustbench_seg.records.cards.model_forms import needs_no_card
from robustbench_seg.records.runs.segmenter_record import UNTRAINED, untrained_name
from robustbench_seg.records.specs.receptive_field_spec import ReceptiveFieldSpec
from robustbench_seg.segmenter import load_model

LARGEST, MULTIPLE = 1024, 64
"""Side of the default crop: SegFormer's window, and a multiple for which the central units of all
stages have the same centre.
"""


@dataclass(frozen=True, eq=False)
class ReceptiveFields:
    """The result of measure_fields.

    Attributes:
        fields: Maps the model, then the stage ("stage 1" to "stage 4", "head"), to the field.
        dataset: Name of the dataset.
        split: Split of the dataset.
        images: Number of images.
        size: Height and width of the crop, in pixels.
    """

    fields: Mapping[str, Mapping[str, EffectiveField]]
    dataset: str
    split: str
    images: int
    size: tuple[int, int]


def measure_fields(spec: ReceptiveFieldSpec, *, progress: bool = False) -> ReceptiveFields:
    """Measure the effective receptive fields of models, see effective_fields.

    Args:
        spec: The models, the images and the device.
        progress: Whether to show a progress bar for each model on stderr.

    Returns:
        The fields, by model and stage.

    Raises:
        ModelError: A model has no card, or two models have the same name.
        OptionError: The device does not exist.
        DatasetError: The dataset does not exist, or its images are smaller than the crop.
        WeightsError: Weights do not exist, or do not fit.
    """
    cards = _cards(spec.models, spec.weights)
    check_device(spec.device)
    samples = open_dataset(spec.dataset, spec.data, spec.split)
    size = spec.size or _largest_crop(samples, list(cards.values()))
    count = min(spec.images, len(samples))
    places = starts_of_parts(len(samples), count)
    fields = {}
    for model, card in cards.items():
        network = load_model(model, weights=spec.weights).to(spec.device)
        name = untrained_name(card.name) if spec.weights == UNTRAINED else card.name
        with progress_bar(count, iterable=places, desc=name, disable=not progress) as shown:
            crops = (central_crop(samples.image(place), card, size, spec.device) for place in shown)
            fields[name] = effective_fields(network, encoder_stages(network), crops)
    return ReceptiveFields(fields, samples.name, spec.split, count, size)


def starts_of_parts(length: int, parts: int) -> list[int]:
    """Return the index of the first image of each of `parts` equal parts of a split.

    `evenly_spaced` of the datasets also takes the last image; this rule stays, because the
    published radii depend on it.

    >>> starts_of_parts(10, 4)
    [0, 2, 5, 7]
    """
    return [part * length // parts for part in range(parts)]


def _cards(models: Sequence[str], weights: str | None) -> Mapping[str, ModelCard]:
    """The card of each model, by the name or path that the caller gave."""
    if len(models) > 1 and weights not in (None, UNTRAINED):
        raise ModelError(
            f"weights {weights} are for a single model, but {len(models)} are given; measure the "
            "models one by one"
        )
    for model in models:
        if needs_no_card(model):
            raise ModelError(f"{model}: its stages are unknown; give a model with a card")
    cards = {model: load_card(model) for model in models}
    names = [cards[model].name for model in models]
    if len(set(names)) < len(names):
        raise ModelError(
            f"two models are called {max(names, key=names.count)}; measure them one by one, or "
            "rename one card"
        )
    return cards


def _largest_crop(dataset: Dataset, cards: Sequence[ModelCard]) -> tuple[int, int]:
    """The largest crop that fits the first image at the input of every card's network."""
    height, width, _ = dataset.image(0).shape
    heights, widths = zip(
        *(card.resize.size(height, width) if card.resize else (height, width) for card in cards),
        strict=True,
    )
    height, width = (
        min(LARGEST, max(side // MULTIPLE * MULTIPLE, MULTIPLE))
        for side in (min(heights), min(widths))
    )
    return height, width
