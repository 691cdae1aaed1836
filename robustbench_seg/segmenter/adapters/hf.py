"""hf:ID or hf:FOLDER runs a semantic segmentation model of transformers with that library."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from robustbench_seg.errors import ModelError, OptionError
from robustbench_seg.files import digest_file
from robustbench_seg.records.cards.hub_card import HubCard
from robustbench_seg.records.cards.model_card import NetworkOptions
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.input_size import PROCESSOR, sides
from robustbench_seg.records.values.preprocessing import Inference
from robustbench_seg.segmenter.adapters.transformers.config import class_names_of
from robustbench_seg.segmenter.adapters.transformers.image_processor import (
    PROCESSOR_LAW,
    ImageProcessor,
)
from robustbench_seg.segmenter.adapters.transformers.mask_classifier import (
    MASK_KINDS,
    MaskClassifier,
)
from robustbench_seg.segmenter.adapters.transformers.mask_scores import MASKS_LAW
from robustbench_seg.segmenter.adapters.transformers.model import build_network
from robustbench_seg.segmenter.adapters.transformers.model_files import (
    ModelFiles,
    find_model_files,
)
from robustbench_seg.segmenter.adapters.transformers.network import TransformersNetwork
from robustbench_seg.segmenter.adapters.transformers.oneformer_task import TASK, task_tokens
from robustbench_seg.segmenter.adapters.transformers.processed_segmenter import ProcessedSegmenter
from robustbench_seg.segmenter.adapters.transformers.processor_file import (
    PROCESSOR_FILE,
    ProcessorSettings,
)
from robustbench_seg.segmenter.assembly import assemble
from robustbench_seg.segmenter.class_names import class_spelling
from robustbench_seg.segmenter.described_network import DescribedNetwork
from robustbench_seg.segmenter.network_segmenter import NetworkSegmenter
from robustbench_seg.segmenter.segmenter import Segmenter
from robustbench_seg.segmenter.segmenter_options import NETWORK_OPTIONS, SegmenterOptions
from robustbench_seg.weights import CONFIG, digest_weights, read_tensors

log = logging.getLogger(__name__)

HUGGINGFACE_LAW = 1
"""Increment when the input preparation for models of transformers changes."""

ACCEPTS = (*NETWORK_OPTIONS, "input_size")

TRIED = (193, 289)
"""Height and width of the image that tests whether a model takes any size."""


def load(location: str, options: SegmenterOptions, card: HubCard | None = None) -> Segmenter:
    """Build a segmenter of a model on the hub, or in a folder that transformers saved.

    The network gets each image at its own size, or at the input size in `options`, with the
    normalisation and the channel order of the model's image processor. If the network does not take
    images of every size, the image processor prepares them.

    Args:
        location: A folder, or a hub id with or without @revision.
        options: How the model runs.
        card: The card that names the model. None: the user names it.

    Returns:
        The segmenter, named after the card, or else the last part of the location.

    Raises:
        ModelError: transformers is not installed, or the model, its configuration or its image
            processor is missing or wrong.
        OptionError: The model cannot run with these options.
        WeightsError: The model cannot be fetched.
    """
    try:
        import transformers
    except ImportError:
        raise ModelError(
            f"hf:{location}: transformers is not installed: pip install 'robustseg[hf]'"
        ) from None
    files = find_model_files(location)
    classes = class_names_of(files.config, files.where)
    model, missing = build_network(files.config, read_tensors(files.weights), files.where)
    network_of, variant = _kind_of_network(model, files, len(classes))
    network, answer = _try_sizes(network_of, files, options)
    _check_complete(answer, missing, files.where)
    _check_windows(network, options, files.where)
    _warn_of_other_size(network, files.processor, options, files.where)
    about = ModelFacts(
        location=files.where,
        params=sum(parameter.numel() for parameter in network.parameters()),
        weights_file=files.weights.name,
        libraries={"transformers": str(transformers.__version__)},
        card=card.name if card else None,
        published=card.published if card else None,
        published_on=card.dataset if card and card.published else None,
    )
    return assemble(
        DescribedNetwork(network, _record(network, variant, files), about),
        options,
        name=card.name if card else files.name,
        classes=class_spelling(classes, options.classes),
        kind=ProcessedSegmenter if network.processor else NetworkSegmenter,
    )


def _record(
    network: TransformersNetwork, variant: NetworkOptions, files: ModelFiles
) -> SegmenterRecord:
    """Record everything about a network that decides a label, except the options."""
    laws = {"huggingface": HUGGINGFACE_LAW}
    if network.gives_scores:
        laws["masks"] = MASKS_LAW
    if network.processor:
        laws["processor"] = PROCESSOR_LAW
    return SegmenterRecord(
        architecture=type(network.model).__name__,
        weights=digest_weights(files.weights),
        variant=variant,
        config=digest_file(files.folder / CONFIG),
        preprocessing=files.processor.preprocessing,
        inference=Inference("whole"),
        input_size=network.size,
        processor=digest_file(files.folder / PROCESSOR_FILE) if network.processor else None,
        runtime="transformers",
        laws=laws,
    )


def _kind_of_network(
    model: nn.Module, files: ModelFiles, classes: int
) -> tuple[Callable[..., TransformersNetwork], NetworkOptions]:
    """Choose the network of a model.

    Returns:
        A function that builds it, with the keywords size and processor; and everything besides the
        files that decides its output.
    """
    bgr, kind = files.processor.bgr, files.config.model_type
    variant: dict[str, Any] = {"channels": "BGR"} if bgr else {}
    if kind not in MASK_KINDS:
        return partial(TransformersNetwork, model, classes, files.where, bgr=bgr), variant
    task = None
    if kind == "oneformer":
        task = task_tokens(files.folder, files.config, files.where)
        variant |= {"task": TASK, "tokens": [token for token in task[0].tolist() if token]}
    return partial(MaskClassifier, model, classes, files.where, bgr=bgr, task=task), variant


def _try_sizes(
    network_of: Callable[..., TransformersNetwork], files: ModelFiles, options: SegmenterOptions
) -> tuple[TransformersNetwork, Tensor]:
    """Build a network for the input size of the user.

    If the user chooses none, it is the size of the image, if the network takes every size. If not,
    the image processor prepares the images.

    Returns:
        The network, and its output for a test image.
    """
    # A network may cache tensors, and tensors from inference mode cannot enter an autograd graph
    # later.
    with torch.no_grad():
        if options.input_size != PROCESSOR:
            network = network_of(size=sides(options.input_size))
            answer = _try_without_processor(network, options, files.where)
            if answer is not None:
                files.processor.check_native(files.where)
                return network, answer
        processor = ImageProcessor(files.folder, files.where)
        network = network_of(processor=processor)
        return network, network.processed(processor(np.zeros((*TRIED, 3), np.uint8)), TRIED)


def _try_without_processor(
    network: TransformersNetwork, options: SegmenterOptions, where: str
) -> Tensor | None:
    """Run the network on an image that is not square, to test whether it takes every size.

    Returns:
        Its output. None: it does not take this image, and the user chooses no size.
    """
    try:
        answer: Tensor = network(torch.zeros(1, 3, *(network.size or TRIED)))
    except ModelError as error:
        if options.input_size is not None:
            raise ModelError(f"{error}; choose the input size processor") from error
        log.warning(
            "%s: the network does not take images of every size, so its image processor prepares "
            "them",
            where,
        )
        return None
    return answer


def _check_complete(answer: Tensor, missing: Sequence[str], where: str) -> None:
    """Refuse a model whose output depends on tensors that no file has; their values are NaN."""
    if missing and not answer.isfinite().all():
        raise ModelError(
            f"{where}: {len(missing)} tensors of the model are not in its weight file, such as "
            f"{missing[0]}; download the model again"
        )


def _check_windows(network: TransformersNetwork, options: SegmenterOptions, where: str) -> None:
    """Refuse windows for a network that does not get images at their own size."""
    if options.inference == "slide" and (network.processor or network.size):
        raise OptionError(
            f"{where}: sliding windows need images of native size; leave out the inference mode "
            "slide or the input size"
        )


def _warn_of_other_size(
    network: TransformersNetwork,
    processor: ProcessorSettings,
    options: SegmenterOptions,
    where: str,
) -> None:
    """Warn (logging) if images have another size than the image processor would give them."""
    if network.processor is None and processor.scaling:
        log.warning(
            "%s: images are evaluated at %s, not at the size of its image processor (%s); choose "
            "the input size processor for that",
            where,
            options.input_size if network.size else "their own size",
            processor.scaling,
        )
