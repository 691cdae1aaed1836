"""Builds the segmenter of a card: its network, class names, backend and options."""

import json
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from robustbench_seg.architectures import SegmentationNetwork
from robustbench_seg.datasets import class_names
from robustbench_seg.errors import DatasetError, ModelError
from robustbench_seg.machine.hardware import check_device
from robustbench_seg.records.cards.model_card import ModelCard
from robustbench_seg.records.runs.segmenter_record import (
    UNTRAINED,
    ModelFacts,
    untrained_name,
)
from robustbench_seg.segmenter.assembly import assemble
from robustbench_seg.segmenter.class_names import class_spelling
from robustbench_seg.segmenter.described_network import DescribedNetwork
from robustbench_seg.segmenter.loading.backends import check_backend, prepare_for_backend
from robustbench_seg.segmenter.loading.networks import (
    network_record,
    read_card_weights,
    trained_network,
    untrained_network,
)
from robustbench_seg.segmenter.loading.quantisation import quantiser
from robustbench_seg.segmenter.loading.quantised_network import (
    calibration_images,
    prepare_quantised,
)
from robustbench_seg.segmenter.segmenter import Segmenter
from robustbench_seg.segmenter.segmenter_options import NETWORK_OPTIONS, SegmenterOptions
from robustbench_seg.weights import Weights, digest_weights

CARD_OPTIONS = (*NETWORK_OPTIONS, "weights", "backend")
"""The options that a network of a card supports."""


class CardNetwork(NamedTuple):
    """The network of a card.

    Attributes:
        network: The network of float32, in eval mode.
        classes: The names of the classes that it predicts, in the order of the logits.
        weights: Its weights. None: random ones.
    """

    network: SegmentationNetwork
    classes: tuple[str, ...]
    weights: Weights | None


def load_card_network(
    card: ModelCard, weights: str | Path | None, classes: tuple[str, ...] | None = None
) -> CardNetwork:
    """Build the network of a card.

    Args:
        card: The card.
        weights: Weights that replace those of the card, see load_model.
        classes: Class names of the dataset. Random weights get these classes.

    Returns:
        The network.

    Raises:
        RobustsegError: As for `load_segmenter`.
    """
    file_weights = read_card_weights(card, weights)
    if file_weights is None:
        classes = classes or _card_classes(card)
        return CardNetwork(untrained_network(card, len(classes)), classes, None)
    names = _weight_classes(card, file_weights, classes)
    return CardNetwork(trained_network(card, file_weights), names, file_weights)


def load_card_segmenter(card: ModelCard, options: SegmenterOptions) -> Segmenter:
    """Build the segmenter of a card.

    Args:
        card: The card.
        options: How the network runs.

    Returns:
        The segmenter.

    Raises:
        RobustsegError: As for `load_segmenter`.
    """
    _check_options(options)
    network, classes, file_weights = load_card_network(card, options.weights, options.classes)
    if file_weights is None:
        options = replace(options, name=untrained_name(options.name or card.name))
    digest = digest_weights(file_weights.path) if file_weights else UNTRAINED
    about = ModelFacts(
        card=card.name,
        params=sum(parameter.numel() for parameter in network.parameters()),
        weights_file=file_weights.path.name if file_weights else UNTRAINED,
        weights_metadata=file_weights.metadata if file_weights else {},
        published=card.published,
        published_on=card.dataset if card.published else None,
        training=card.training,
    )
    described = DescribedNetwork(network, network_record(card, network, digest), about)
    prepared = _prepared(options, described, classes)
    return assemble(prepared, options, name=card.name, classes=classes)


def _check_options(options: SegmenterOptions) -> None:
    """Refuse options that no network supports here, before the weights are read."""
    check_backend(options)
    check_device(options.device)
    if options.precision == "int8":
        calibration_images(options)
        quantiser()


def _prepared(
    options: SegmenterOptions, described: DescribedNetwork, classes: tuple[str, ...]
) -> DescribedNetwork:
    """Prepare a network of float32 for its backend and precision; see `prepare_for_backend`."""
    if options.precision != "int8":
        return prepare_for_backend(options, described)
    plain = SegmenterOptions(inference=options.inference)
    float_segmenter = assemble(described, plain, name="float32", classes=classes)
    return prepare_quantised(options, described, float_segmenter.network_inputs)


def _weight_classes(
    card: ModelCard, weights: Weights, wanted: tuple[str, ...] | None
) -> tuple[str, ...]:
    """Return the names of the classes that weights predict, from the file or else the card.

    Args:
        card: The card.
        weights: The weights.
        wanted: Class names of the dataset.
    """
    text = weights.metadata.get("classes") if weights.num_classes else None
    names = class_spelling(json.loads(text), wanted) if text else _card_classes(card)
    if weights.num_classes not in (None, len(names)):
        raise ModelError(
            f"{weights.path} predicts {weights.num_classes} classes, but {card.name} is a card "
            f"for {card.dataset}, which has {len(names)}: {', '.join(names)}; choose the card "
            "that the file belongs to (robustseg models)"
        )
    return names


def _card_classes(card: ModelCard) -> tuple[str, ...]:
    """Return the names of a card's classes: its own, or those of its dataset."""
    if card.class_names:
        return card.class_names
    try:
        return class_names(card.dataset)
    except DatasetError as error:
        raise ModelError(f"{card.name}: {error}; or give class_names in its card") from None
