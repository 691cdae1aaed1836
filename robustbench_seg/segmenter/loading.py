"""From a model's name to something that runs: card -> network -> weights -> segmenter."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from robustbench_seg.architectures import SegmentationNetwork, build
from robustbench_seg.datasets import class_names
from robustbench_seg.errors import DatasetError, ModelError, WeightsError
from robustbench_seg.files import checked_path
from robustbench_seg.records.cards.hub_card import list_hub_models, load_hub_card
from robustbench_seg.records.cards.model_card import ModelCard, load_card
from robustbench_seg.records.cards.model_forms import needs_no_card
from robustbench_seg.records.runs.segmenter_record import UNTRAINED, ModelFacts, untrained_name
from robustbench_seg.records.values.adaptation import Adaptation, AdaptImages
from robustbench_seg.records.values.augment import augment_text
from robustbench_seg.records.values.choices import (
    AdaptationMethod,
    Backend,
    InferenceMode,
    Precision,
)
from robustbench_seg.records.values.input_size import input_size_text
from robustbench_seg.segmenter.adapters import adapter, segmenter_of
from robustbench_seg.segmenter.assembly import Options, assemble, network_record
from robustbench_seg.segmenter.backends import run_by
from robustbench_seg.segmenter.class_names import class_spelling
from robustbench_seg.segmenter.segmenter import NetworkSegmenter, Segmenter
from robustbench_seg.weights import (
    Weights,
    copy_weights,
    digest_weights,
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
        weights: Weights in place of the card's: a file, hf:<hub id> or a URL, or "none" for random
            weights (seed 0). Weights that are not on the disk are downloaded (see
            weights.card_weights).
        num_classes: Number of classes. None: that of the weight file, else that of the card.

    Returns:
        The network. It maps a float Nx3xHxW batch, normalised with the card's mean and std, to
        logits at 1/4 of its size.

    Raises:
        ModelError: The card describes no network that can be built.
        CardError: The card is wrong.
        WeightsError: The weights are missing or do not fit.
        FileError: The source of the weights is not a path: empty, too long or not UTF-8.
    """
    card = load_card(name)
    file_weights = _weights(card, weights)
    if file_weights is None:
        return _untrained(card, num_classes or card.classes)
    return _trained(card, file_weights, num_classes)


def load_segmenter(
    model: str | Path | nn.Module | Callable[[NDArray[np.uint8]], Any],
    *,
    weights: str | Path | None = None,
    name: str | None = None,
    inference: InferenceMode | None = None,
    input_size: str | tuple[int, int] | None = None,
    augment: str | None = None,
    adapt: AdaptationMethod | None = None,
    adapt_images: AdaptImages = Adaptation.images,
    adapt_prior: float = Adaptation.prior,
    device: str = "cpu",
    precision: Precision = "float32",
    backend: Backend = "torch",
    classes: tuple[str, ...] | None = None,
    batch: int = 1,
    mean: tuple[float, float, float] | None = None,
    std: tuple[float, float, float] | None = None,
    version: str | None = None,
) -> Segmenter:
    """Build a segmenter, which maps uint8 HxWx3 RGB to uint8 HxW class indices.

    Args:
        model: A card's name or file. Or another model: exported:<file>, hf:<hub id or folder>,
            onnx:<file>, predictions:<folder> or python:<module>:<callable> (see the modules of
            those names). Or an object: a torch module (normalised Nx3xHxW -> logits NxKxhxw) with
            name, classes, mean and std, or a callable (uint8 HxWx3 RGB -> HxW class indices) with
            name, classes and version.
        weights: As in load_model. Only for a card.
        name: Name in tables. None: the model's own. Random weights add "-untrained" to either.
        inference: "whole" or "slide". None: the model's own mode.
        input_size: Size at which an hf: model gets images: "native" (their own size), "processor"
            (as its image processor prepares them) or height and width, such as "512x1024".
            None: native if the network takes any size, else processor.
        augment: Test-time augmentation: "flip", scales such as "0.75,1.25", or both. The
            probabilities of these variants of an image and of the image itself are averaged.
        adapt: "bn": `evaluate` takes the statistics of BatchNorm from images of each condition.
            A direct call of the segmenter uses the network's own statistics.
        adapt_images: Number of these images, or "all".
        adapt_prior: How many images the network's own statistics count for.
        device: Torch device.
        precision: "float32", "bf16" or "fp16" (autocast).
        backend: The library that runs a card's network. Numbers may differ in the last digit.
        classes: For an object, the names of the classes it predicts. Else the class names of the
            dataset that the model runs on; random weights take these as their classes.
        batch: Number of windows of an image that a GPU gets at once. The number falls where its
            memory is short.
        mean: Mean of RGB in 0..1 that normalises the images of a torch module.
        std: Standard deviation of RGB in 0..1, for the same purpose.
        version: For a callable, any text that changes whenever its answers do.

    Returns:
        The segmenter.

    Raises:
        ModelError: The model cannot be built or cannot run with these options.
        CardError: A card, or the description of a graph, is wrong.
        WeightsError: The weights are missing or do not fit.
        FileError: The model's place or the source of the weights is not a path: empty, too long or
            not UTF-8.
    """
    geometry = input_size_text(input_size)
    options = Options(
        name,
        inference,
        device,
        precision,
        backend,
        classes,
        batch,
        geometry,
        augment_text(augment),
        adapt,
        adapt_images,
        adapt_prior,
    )
    if not isinstance(model, str | Path):
        return segmenter_of(model, options, classes=classes, mean=mean, std=std, version=version)
    return load_named(model, weights, options)


def load_named(model: str | Path, weights: str | Path | None, options: Options) -> Segmenter:
    """Build the segmenter of a model that has a name; see `load_segmenter`.

    Args:
        model: A card's name or file, or a prefix and a location such as onnx:<file>.
        weights: As in load_model. Only for a card.
        options: How it runs.

    Returns:
        The segmenter.

    Raises:
        RobustsegError: As for `load_segmenter`.
    """
    if needs_no_card(str(model)):
        prefix, _, location = str(model).partition(":")
        if not location:
            raise ModelError(f"{model}: nothing behind the colon; see robustseg evaluate --help")
        checked_path(location)
        _refuse(str(model), weights, options)
        if prefix != "hf":
            options.refuse_input_size(str(model))
        return adapter(prefix)(location, options)
    if str(model) in list_hub_models():
        _refuse(str(model), weights, options)
        return _load_hub_card(str(model), options)
    options.refuse_input_size(str(model))
    return _load_card(load_card(model), weights, options)


def _refuse(model: str, weights: str | Path | None, options: Options) -> None:
    """Refuse options that only a card with a network of this package supports."""
    if weights is not None:
        raise ModelError(f"{model}: brings its own weights; --weights goes with a card")
    if options.backend != "torch":
        raise ModelError(f"{model}: decides itself what runs it; --backend goes with a card")


def _load_hub_card(name: str, options: Options) -> Segmenter:
    card = load_hub_card(name)
    try:
        location = card.model.removeprefix("hf:")
        loaded = adapter("hf")(location, replace(options, name=options.name or card.name))
    except WeightsError as error:
        if card.verified:
            raise
        raise WeightsError(
            f"{name}: its hub id could not be looked up when the card was written: {error}"
        ) from error
    assert isinstance(loaded, NetworkSegmenter)
    loaded.about = replace(
        loaded.about,
        card=card.name,
        published=card.published,
        published_on=card.dataset if card.published else None,
    )
    return loaded


def _load_card(card: ModelCard, weights: str | Path | None, options: Options) -> Segmenter:
    file_weights = _weights(card, weights)
    if file_weights is None:
        classes = options.classes or _named(card)
        network = _untrained(card, len(classes))
        options = replace(options, name=untrained_name(options.name or card.name))
    else:
        classes = _classes(card, file_weights, options.classes)
        network = _trained(card, file_weights)
    digest = digest_weights(file_weights.path) if file_weights else UNTRAINED
    record = network_record(card, network, digest)
    about = ModelFacts(
        card=card.name,
        params=sum(parameter.numel() for parameter in network.parameters()),
        weights_file=file_weights.path.name if file_weights else UNTRAINED,
        weights_metadata=file_weights.metadata if file_weights else {},
        published=card.published,
        published_on=card.dataset if card.published else None,
        training=card.training,
    )
    running, record, about = run_by(options, network, record, about)
    return assemble(
        running,
        options,
        name=card.name,
        classes=classes,
        record=record,
        about=about,
    )


def _weights(card: ModelCard, source: str | Path | None) -> Weights | None:
    """The weights to load, downloaded if need be; None for random ones."""
    if source == UNTRAINED:
        return None
    if source is not None:
        parsed = parse_source(str(source))
        if parsed.source != "url":
            checked_path(source)
        card = replace(card, weights=parsed)
    # A card states what its own weights predict.
    file = fetch_weights(card, with_config=source is not None)
    return read_weights(file, shapes_of(_empty(card, card.classes)))


def _classes(card: ModelCard, weights: Weights, wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the names of the classes that weights predict, from the file or else the card.

    Args:
        card: The card.
        weights: The weights.
        wanted: Class names of the dataset that the model runs on.
    """
    text = weights.metadata.get("classes") if weights.num_classes else None
    names = class_spelling(json.loads(text), wanted) if text else _named(card)
    if weights.num_classes not in (None, len(names)):
        raise ModelError(
            f"{weights.path} predicts {weights.num_classes} classes, but {card.name} is a card for "
            f"{card.dataset}, which has {len(names)}: {', '.join(names)}; choose the card that the "
            "file belongs to (robustseg models)"
        )
    return names


def _named(card: ModelCard) -> tuple[str, ...]:
    """The names of a card's classes: its own, or its dataset's."""
    if card.class_names:
        return card.class_names
    try:
        return class_names(card.dataset)
    except DatasetError as error:
        raise ModelError(f"{card.name}: {error}; or give class_names in its card") from None


def _untrained(card: ModelCard, num_classes: int) -> SegmentationNetwork:
    """Build the same random network each time, leaving the caller's generator unchanged."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build(card.architecture, num_classes, **card.variant).eval()


def _trained(
    card: ModelCard, weights: Weights, num_classes: int | None = None
) -> SegmentationNetwork:
    """The network with these weights, in eval mode."""
    classes = num_classes or weights.num_classes or card.classes
    network = _empty(card, classes).eval()
    # What to_empty does; from the meta device it would import sympy, which takes half a second.
    memory = {name: torch.empty(t.shape, dtype=t.dtype) for name, t in network.state_dict().items()}
    network.load_state_dict(memory, assign=True)
    copy_weights(network, weights)
    return network


def _empty(card: ModelCard, classes: int) -> SegmentationNetwork:
    """The network without memory: initial values would take longer than loading."""
    with torch.device("meta"):
        return build(card.architecture, classes, **card.variant)
