"""The initial network of a training."""

import inspect
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from robustbench_seg.architectures import ARCHITECTURES, SegmentationNetwork, build
from robustbench_seg.files import checked_path, digest_file
from robustbench_seg.records.cards.model_card import ModelCard
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.weights import fetch_weights, load_encoder, parse_source

_DIGITS = 12


@dataclass(frozen=True)
class InitialNetwork:
    """A network before its first step, and facts about it.

    Attributes:
        network: The network, on the CPU.
        card: Its card, with the LayerNorm epsilons of its encoder.
        encoder_sha256: First digits of the sha256 of the encoder's file. None means random values.
    """

    network: SegmentationNetwork
    card: ModelCard
    encoder_sha256: str | None


def build_initial_network(
    card: ModelCard, recipe: TrainingRecipe, encoder: str | None = None
) -> InitialNetwork:
    """Build the network of a card with values drawn from the recipe's seed.

    Args:
        card: The card of the network.
        recipe: Its `seed` and `drop_path` are used.
        encoder: Weights whose encoder replaces the random one, such as one trained on ImageNet: a
            file, hf:<hub id> or URL. Missing ones are downloaded.

    Raises:
        ModelError: The variant does not exist.
        WeightsError: As for `load_encoder` and `fetch_weights`.
    """
    torch.manual_seed(recipe.seed)
    stochastic = {} if recipe.drop_path is None else {"drop_path": recipe.drop_path}
    network = build(card.architecture, card.classes, **{**card.variant, **stochastic})
    digest = None
    if encoder is not None:
        path, digest = encoder_file(card, encoder)
        metadata = load_encoder(network, path)
        if "eps" in metadata:
            card = replace(card, variant={**card.variant, "eps": metadata["eps"]})
    return InitialNetwork(network, card, digest)


def encoder_file(card: ModelCard, encoder: str) -> tuple[Path, str]:
    """The file of an encoder's weights, downloaded if missing, and first digits of its sha256."""
    source = parse_source(encoder)
    if source.source != "url":
        checked_path(encoder)
    path = fetch_weights(replace(card, weights=source))
    return path, digest_file(path)[:_DIGITS]


def with_drop_path(recipe: TrainingRecipe, card: ModelCard) -> TrainingRecipe:
    """Replace a drop path of None by the default of the card's network, if it has one."""
    parameter = inspect.signature(ARCHITECTURES[card.architecture]).parameters.get("drop_path")
    if recipe.drop_path is not None or parameter is None:
        return recipe
    return replace(recipe, drop_path=card.variant.get("drop_path", parameter.default))
