"""Builds a segmenter from the name of a model, or from an object."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from robustbench_seg.datasets import Dataset
from robustbench_seg.errors import ModelError, OptionError, WeightsError
from robustbench_seg.files import checked_path
from robustbench_seg.records.cards.hub_card import list_hub_models, load_hub_card
from robustbench_seg.records.cards.model_card import load_card
from robustbench_seg.records.cards.model_forms import needs_no_card
from robustbench_seg.records.values.adaptation import Adaptation, AdaptImages
from robustbench_seg.records.values.augment import augment_text
from robustbench_seg.records.values.choices import (
    AdaptationMethod,
    Backend,
    InferenceMode,
    InferencePrecision,
)
from robustbench_seg.records.values.input_size import input_size_text
from robustbench_seg.segmenter.adapters import adapter, segmenter_of
from robustbench_seg.segmenter.loading.card_segmenter import load_card_segmenter
from robustbench_seg.segmenter.network_segmenter import NetworkSegmenter
from robustbench_seg.segmenter.options import SegmenterOptions
from robustbench_seg.segmenter.segmenter import Segmenter


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
    precision: InferencePrecision = "float32",
    backend: Backend = "torch",
    calibration: Dataset | None = None,
    classes: tuple[str, ...] | None = None,
    batch: int = 1,
    mean: tuple[float, float, float] | None = None,
    std: tuple[float, float, float] | None = None,
    version: str | None = None,
) -> Segmenter:
    """Build a segmenter, which maps uint8 HxWx3 RGB to uint8 HxW class indices.

    Args:
        model: A card's name or file. Or another model: exported:<file>, hf:<hub id or folder>,
            onnx:<file>, predictions:<folder>, python:<module>:<callable> or tflite:<file> (see the
            modules of those names). Or an object: a torch module (normalised Nx3xHxW -> logits
            NxKxhxw) with name, classes, mean and std, or a callable (uint8 HxWx3 RGB -> HxW class
            indices) with name, classes and version.
        weights: As in load_model. Only for a card.
        name: Name in tables. None: the default of the model. Random weights add "-untrained" to the
            name.
        inference: "whole" or "slide". None: the default of the model.
        input_size: Size at which an hf: model gets images: "native" (their own size), "processor"
            (as its image processor prepares them) or height and width, such as "512x1024".
            None: native if the network takes any size, else processor.
        augment: Test-time augmentation: "flip", scales such as "0.75,1.25", or both. The
            probabilities of these variants of an image and of the image itself are averaged.
        adapt: "bn": `evaluate` takes the statistics of BatchNorm from images of each condition. A
            direct call of the segmenter uses the network's original statistics.
        adapt_images: Number of these images, or "all".
        adapt_prior: Weight of the network's original statistics, as a number of images.
        device: Torch device.
        precision: "float32", "bf16" or "fp16" (autocast); "int8": the network of a card, quantised
            for a CPU.
        backend: The library that runs a card's network. Numbers may differ in the last digit.
            "auto": OpenVINO for float32 on a CPU, if it is installed and can run the network;
            else torch.
        calibration: For int8, a dataset such as the train split of the scored dataset. At most 32
            of its images, evenly spaced, set the integer scales of the activations.
        classes: For an object, the names of the classes that it predicts. Otherwise the class names
            of the dataset; random weights get these classes.
        batch: Number of windows of an image that a GPU gets at once. The number is reduced if
            memory is short.
        mean: Mean of RGB in 0..1 that normalises the images of a torch module.
        std: Standard deviation of RGB in 0..1, for the same purpose.
        version: For a callable, any text that changes whenever its results change.

    Returns:
        The segmenter.

    Raises:
        ModelError: The model does not exist or cannot be built.
        OptionError: An option has no such value, or is not supported by the model.
        CardError: A card, or the description of a graph, is wrong.
        WeightsError: The weights are missing or do not fit.
        FileError: The location of the model or the source of the weights is not a path: empty, too
            long or not UTF-8.

    >>> rs.load_segmenter("segformer-b0-minicity")
    <segmenter segformer-b0-minicity: 19 classes, cpu>
    >>> def all_road(image):
    ...     return np.zeros(image.shape[:2], np.uint8)
    >>> classes = rs.class_names("cityscapes")
    >>> segment = rs.load_segmenter(all_road, name="all-road", classes=classes, version="1")
    >>> segment(np.zeros((64, 96, 3), np.uint8)).shape
    (64, 96)
    """
    options = SegmenterOptions(
        name=name,
        inference=inference,
        device=device,
        precision=precision,
        backend=backend,
        calibration=calibration,
        classes=classes,
        batch=batch,
        input_size=input_size_text(input_size),
        augment=augment_text(augment),
        adapt=adapt,
        adapt_images=adapt_images,
        adapt_prior=adapt_prior,
    )
    if not isinstance(model, str | Path):
        return segmenter_of(model, options, classes=classes, mean=mean, std=std, version=version)
    return load_named(model, weights, options)


def load_named(
    model: str | Path, weights: str | Path | None, options: SegmenterOptions
) -> Segmenter:
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
    name = str(model)
    if needs_no_card(name):
        prefix, _, location = name.partition(":")
        if not location:
            raise ModelError(
                f"{name}: there is nothing after the colon; give a file, folder or name after it"
            )
        checked_path(location)
        _refuse_card_options(name, weights, options)
        if prefix != "hf":
            options.refuse_input_size(name)
        return adapter(prefix)(location, options)
    if name in list_hub_models():
        _refuse_card_options(name, weights, options)
        return _load_hub_card(name, options)
    options.refuse_input_size(name)
    return load_card_segmenter(load_card(model), weights, options)


def _refuse_card_options(model: str, weights: str | Path | None, options: SegmenterOptions) -> None:
    """Refuse options that only a card with a network of this package supports."""
    if weights is not None:
        raise OptionError(f"{model}: it has its own weights; give weights only with a card")
    if options.backend not in ("auto", "torch"):
        raise OptionError(f"{model}: it decides what runs it; give a backend only with a card")


def _load_hub_card(name: str, options: SegmenterOptions) -> Segmenter:
    """Build the segmenter of a card that names a model of the hub."""
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
