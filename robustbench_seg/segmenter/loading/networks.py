"""Builds networks from cards and weights."""

from dataclasses import replace
from pathlib import Path

import torch

from robustbench_seg.architectures import SegmentationNetwork, build
from robustbench_seg.files import checked_path
from robustbench_seg.records.cards.model_card import ModelCard, load_card
from robustbench_seg.records.runs.segmenter_record import UNTRAINED, SegmenterRecord
from robustbench_seg.weights import (
    Weights,
    copy_weights,
    fetch_weights,
    parse_source,
    read_weights,
    shapes_of,
)


def load_model(
    name: str | Path, weights: str | Path | None = None, num_classes: int | None = None
) -> SegmentationNetwork:
    """Build a card's network with its weights, in eval mode.

    Args:
        name: A card's name (see list_models) or a card file.
        weights: Weights that replace those of the card: a file, hf:<hub id>, a URL, or "none" for
            random weights (seed 0). Missing weights are downloaded (see weights.card_weights).
        num_classes: Number of classes. None: the number in the weight file, else in the card.

    Returns:
        The network. It maps a float Nx3xHxW batch, normalised with the card's mean and std, to
        logits at 1/4 of its size.

    Raises:
        ModelError: The network of the card cannot be built.
        CardError: The card is invalid.
        WeightsError: The weights are missing or do not fit.
        FileError: The source of the weights is not a path: empty, too long or not UTF-8.

    >>> network = rs.load_model("segformer-b0", weights="none", num_classes=3)
    >>> network(torch.zeros(1, 3, 64, 96)).shape
    torch.Size([1, 3, 16, 24])
    """
    card = load_card(name)
    file_weights = read_card_weights(card, weights)
    if file_weights is None:
        return untrained_network(card, num_classes or card.classes)
    return trained_network(card, file_weights, num_classes)


def network_record(
    card: ModelCard, network: SegmentationNetwork, weights: str | None = None
) -> SegmenterRecord:
    """Record everything that decides the labels of a card's network, except how it runs.

    Args:
        card: The card.
        network: The card's network.
        weights: sha256 of its weights, or UNTRAINED.

    Returns:
        The record.
    """
    return SegmenterRecord(
        architecture=card.architecture,
        variant=card.variant,
        weights=weights,
        preprocessing=card.preprocessing,
        resize=card.resize,
        inference=card.inference,
        grid=network.grid,
        align_corners=network.align_corners,
    )


def read_card_weights(card: ModelCard, source: str | Path | None) -> Weights | None:
    """Load the weights of a card. They are downloaded if they are not on the disk.

    Args:
        card: The card.
        source: As `weights` of load_model.

    Returns:
        The weights. None: random ones are requested.

    Raises:
        WeightsError: The weights are missing or do not fit.
        FileError: The source is not a path.
    """
    if source == UNTRAINED:
        return None
    if source is not None:
        parsed = parse_source(str(source))
        if parsed.source != "url":
            checked_path(source)
        card = replace(card, weights=parsed)
    # A card states the classes of its own weights.
    file = fetch_weights(card, with_config=source is not None)
    return read_weights(file, shapes_of(_empty(card, card.classes)))


def untrained_network(card: ModelCard, num_classes: int) -> SegmentationNetwork:
    """Build a card's network with the same random weights each time, in eval mode."""
    with torch.random.fork_rng(devices=[]):  # the caller's generator does not change
        torch.manual_seed(0)
        return build(card.architecture, num_classes, **card.variant).eval()


def trained_network(
    card: ModelCard, weights: Weights, num_classes: int | None = None
) -> SegmentationNetwork:
    """Build a card's network with weights, in eval mode."""
    classes = num_classes or weights.num_classes or card.classes
    network = _empty(card, classes).eval()
    # Same as to_empty, which would import sympy for the meta device; that takes half a second.
    memory = {name: torch.empty(t.shape, dtype=t.dtype) for name, t in network.state_dict().items()}
    network.load_state_dict(memory, assign=True)
    copy_weights(network, weights)
    return network


def _empty(card: ModelCard, classes: int) -> SegmentationNetwork:
    """Build a network without memory, because initial values would take longer than loading."""
    with torch.device("meta"):
        return build(card.architecture, classes, **card.variant)
