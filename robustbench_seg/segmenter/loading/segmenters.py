"""Builds a segmenter from the name of a model, or from an object."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray
from torch import nn

from robustbench_seg.datasets import Dataset
from robustbench_seg.errors import ModelError, OptionError, WeightsError
from robustbench_seg.files import checked_path
from robustbench_seg.records.cards.hub_card import list_hub_models, load_hub_card
from robustbench_seg.records.cards.model_card import load_card
from robustbench_seg.records.cards.model_forms import needs_no_card
from robustbench_seg.records.specs.model_spec import ModelOptions
from robustbench_seg.records.specs.spec_values import spec_values
from robustbench_seg.segmenter.adapters import adapter, segmenter_of
from robustbench_seg.segmenter.loading.card_segmenter import CARD_OPTIONS, load_card_segmenter
from robustbench_seg.segmenter.segmenter import Segmenter
from robustbench_seg.segmenter.segmenter_options import SegmenterOptions
from robustbench_seg.segmenter.stored_predictions import EvaluatedModel, StoredPredictions


def load_segmenter(
    model: str | Path | nn.Module | Callable[[NDArray[np.uint8]], Any],
    *,
    classes: Sequence[str] | None = None,
    calibration: Dataset | None = None,
    mean: tuple[float, float, float] | None = None,
    std: tuple[float, float, float] | None = None,
    version: str | None = None,
    **options: Unpack[ModelOptions],
) -> Segmenter:
    """Build a segmenter, which maps uint8 HxWx3 RGB to uint8 HxW class indices.

    Args:
        model: A card's name or file. Or another model: exported:<file>, hf:<hub id or folder>,
            onnx:<file>, python:<module>:<callable> or tflite:<file> (see the modules of those
            names). Or an object: a torch module (normalised Nx3xHxW -> logits
            NxKxhxw) with name, classes, mean and std, or a callable (uint8 HxWx3 RGB -> HxW class
            indices) with name, classes and version.
        classes: For an object, the names of the classes that it predicts. Otherwise the class names
            of the dataset; random weights get these classes.
        calibration: For int8, a dataset such as the train split of the scored dataset. At most 32
            of its images, evenly spaced, set the integer scales of the activations.
        mean: Mean of RGB in 0..1 that normalises the images of a torch module.
        std: Standard deviation of RGB in 0..1, for the same purpose.
        version: For a callable, any text that changes whenever its results change.
        **options: How the model runs: the fields of ModelSpec, such as weights, device and
            precision.

    Returns:
        The segmenter.

    Raises:
        ModelError: The model does not exist or cannot be built, or it is predictions:<folder>,
            which only `evaluate` takes.
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
    given = {**options, "classes": classes, "calibration": calibration}
    chosen = SegmenterOptions(**spec_values(SegmenterOptions, given, "option of load_segmenter"))
    if not isinstance(model, str | Path):
        return segmenter_of(model, chosen, classes=classes, mean=mean, std=std, version=version)
    for name, value in {"mean": mean, "std": std, "version": version}.items():
        if value is not None:
            raise OptionError(f"{model}: {name} is for models that are objects; leave it out")
    loaded = load_named(model, chosen)
    if isinstance(loaded, StoredPredictions):
        raise ModelError(
            f"{model}: predictions in files exist only for the images of a dataset; score them "
            "with evaluate"
        )
    return loaded


def load_named(model: str | Path, options: SegmenterOptions) -> EvaluatedModel:
    """Load a model that has a name: its segmenter, or its predictions in files.

    Args:
        model: A card's name or file, or a prefix and a location such as onnx:<file>.
        options: How it runs.

    Returns:
        The model.

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
        return _load_with_adapter(name, prefix, location, options)
    if name in list_hub_models():
        return _load_hub_card(name, options)
    options.accept_only(name, *CARD_OPTIONS)
    return load_card_segmenter(load_card(model), options)


def _load_with_adapter(
    name: str, prefix: str, location: str, options: SegmenterOptions
) -> EvaluatedModel:
    """Load a model with the adapter of a prefix, after a check of its options."""
    kind = adapter(prefix)
    options.accept_only(name, *kind.ACCEPTS)
    return kind.load(location, options)


def _load_hub_card(name: str, options: SegmenterOptions) -> Segmenter:
    """Build the segmenter of a card that names a model of the hub."""
    from robustbench_seg.segmenter.adapters import hf  # its imports are only for these models

    card = load_hub_card(name)
    options.accept_only(name, *hf.ACCEPTS)
    try:
        return hf.load(card.model.removeprefix("hf:"), options, card)
    except WeightsError as error:
        if card.verified:
            raise
        raise WeightsError(
            f"{name}: its hub id could not be looked up when the card was written: {error}"
        ) from error
