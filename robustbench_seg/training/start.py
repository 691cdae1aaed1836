"""The network that a training begins with."""

from dataclasses import dataclass, replace
from typing import Any

import torch

from robustbench_seg.architectures import SegmentationNetwork, build
from robustbench_seg.files import digest_file
from robustbench_seg.records.model_card import ModelCard
from robustbench_seg.records.training_recipe import TrainingRecipe
from robustbench_seg.weights import fetch_weights, load_encoder, parse_source


@dataclass(frozen=True)
class Start:
    """A network in front of its first step.

    card:    of the network; with the LayerNorm epsilons that its encoder was made for
    encoder: what was given as such, and the start of the file's sha256; None: random values
    facts:   what decides its weights, for the checkpoint
    """

    network: SegmentationNetwork
    card: ModelCard
    encoder: str | None
    facts: dict[str, Any]


def initial(card: ModelCard, recipe: TrainingRecipe, encoder: str | None = None) -> Start:
    """Build the network of `card` with values drawn from the recipe's seed.

    encoder: a file, hf:<hub id> or URL of weights whose encoder takes the place of those, such as
        one trained on ImageNet. Downloaded if it is not at hand

    Raises ModelError for a variant that does not exist, and WeightsError as load_encoder and
    fetch_weights do.
    """
    torch.manual_seed(recipe.seed)
    stochastic = {} if recipe.drop_path is None else {"drop_path": recipe.drop_path}
    network = build(card.architecture, card.classes, **{**card.variant, **stochastic})
    origin = digest = None
    if encoder is not None:
        path = fetch_weights(replace(card, weights=parse_source(encoder)))
        metadata = load_encoder(network, path)
        digest = digest_file(path)[:12]
        origin = f"{encoder} (sha256 {digest})"
        if "eps" in metadata:
            card = replace(card, variant={**card.variant, "eps": metadata["eps"]})
    facts = {
        "architecture": card.architecture,
        "variant": card.variant,
        "classes": card.classes,
        "encoder": digest,
    }
    return Start(network, card, origin, facts)
