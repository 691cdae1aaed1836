"""hf:ID or hf:FOLDER runs a semantic segmentation model of transformers with that library."""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from robustbench_seg.errors import ModelError, OptionError
from robustbench_seg.files import digest_file
from robustbench_seg.records.cards.model_card import NetworkOptions
from robustbench_seg.records.cards.weights_source import WeightsSource
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.input_size import PROCESSOR, sides
from robustbench_seg.records.values.preprocessing import Inference
from robustbench_seg.segmenter.adapters.transformers.config import (
    class_names_of,
    read_config,
)
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
from robustbench_seg.segmenter.adapters.transformers.network import TransformersNetwork
from robustbench_seg.segmenter.adapters.transformers.oneformer_task import (
    TASK,
    TOKENIZER_FILES,
    task_tokens,
)
from robustbench_seg.segmenter.adapters.transformers.processed_segmenter import ProcessedSegmenter
from robustbench_seg.segmenter.adapters.transformers.processor_file import (
    PROCESSOR_FILE,
    ProcessorSettings,
    read_processor_settings,
)
from robustbench_seg.segmenter.assembly import assemble
from robustbench_seg.segmenter.class_names import class_spelling
from robustbench_seg.segmenter.described_network import DescribedNetwork
from robustbench_seg.segmenter.network_segmenter import NetworkSegmenter
from robustbench_seg.segmenter.segmenter import Segmenter
from robustbench_seg.segmenter.segmenter_options import NETWORK_OPTIONS, SegmenterOptions
from robustbench_seg.weights import (
    CONFIG,
    digest_weights,
    fetch_hub_folder,
    fetch_hub_weights,
    find_weights,
    parse_source,
    read_tensors,
)

log = logging.getLogger(__name__)

HUGGINGFACE_LAW = 1
"""Increment when the input preparation for models of transformers changes."""

ACCEPTS = (*NETWORK_OPTIONS, "input_size")

TRIED = (193, 289)
"""Height and width of the image that tests whether a model takes any size."""


def load(location: str, options: SegmenterOptions) -> Segmenter:
    """Build a segmenter of a model on the hub, or in a folder that transformers saved.

    The network gets each image at its own size, or at the input size in `options`, with the
    normalisation and the channel order of the model's image processor. If the network does not take
    images of every size, the image processor prepares them.

    Args:
        location: A folder, or a hub id with or without @revision.
        options: How the model runs.

    Returns:
        The segmenter, named after the last part of the location.

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
    where = f"hf:{location}"
    source = parse_source(where)
    folder = _folder(location, source)
    processor = read_processor_settings(folder, where)
    description = read_config(folder, where)
    classes = class_names_of(description, where)
    own = folder == Path(location)
    weights = (
        find_weights(folder) if own else fetch_hub_weights(source.location, source.revision, folder)
    )
    model, missing = build_network(description, read_tensors(weights), where)
    if description.model_type == "oneformer" and not own:
        fetch_hub_folder(source.location, source.revision, CONFIG, PROCESSOR_FILE, *TOKENIZER_FILES)
    network, variant = _network(model, processor, len(classes), where, folder)
    answer = _choose_image_size(network, processor, folder, options, where)
    _check_complete(answer, missing, where)
    _check_windows(network, options, where)
    _warn_of_other_size(network, processor, options, where)
    described = DescribedNetwork(
        network,
        SegmenterRecord(
            architecture=type(model).__name__,
            weights=digest_weights(weights),
            variant=variant,
            config=digest_file(folder / CONFIG),
            preprocessing=processor.preprocessing,
            inference=Inference("whole"),
            input_size=network.size,
            processor=digest_file(folder / PROCESSOR_FILE) if network.processor else None,
            runtime="transformers",
            laws=_laws(network),
        ),
        ModelFacts(
            location=where,
            params=sum(parameter.numel() for parameter in network.parameters()),
            weights_file=weights.name,
            libraries={"transformers": str(transformers.__version__)},
        ),
    )
    return assemble(
        described,
        options,
        name=source.location.rstrip("/").rpartition("/")[2],
        classes=class_spelling(classes, options.classes),
        kind=ProcessedSegmenter if network.processor else NetworkSegmenter,
    )


def _laws(network: TransformersNetwork) -> Mapping[str, int]:
    """Return the versions of the steps from image to labels of a network."""
    laws = {"huggingface": HUGGINGFACE_LAW}
    if network.gives_scores:
        laws["masks"] = MASKS_LAW
    if network.processor:
        laws["processor"] = PROCESSOR_LAW
    return laws


def _folder(location: str, source: WeightsSource) -> Path:
    """Return the folder with the model's description: the user's, or the hub's."""
    folder = Path(location)
    if folder.is_dir():
        return folder
    if os.path.lexists(folder):
        raise ModelError(
            f"hf:{location}: not a folder; give a folder that transformers saved, or a hub id"
        )
    if source.revision and Path(source.location).is_dir():
        log.warning(
            "hf:%s: revision %s of the hub is used, not the folder %s; leave out @%s to "
            "use the folder",
            location,
            source.revision,
            source.location,
            source.revision,
        )
    return fetch_hub_folder(source.location, source.revision, CONFIG, PROCESSOR_FILE)


def _network(
    model: nn.Module, processor: ProcessorSettings, classes: int, where: str, folder: Path
) -> tuple[TransformersNetwork, NetworkOptions]:
    """Return a model's network, and everything besides the files that decides its output."""
    config: Any = model.config
    variant: dict[str, Any] = {"channels": "BGR"} if processor.bgr else {}
    if config.model_type not in MASK_KINDS:
        return TransformersNetwork(model, classes, where, bgr=processor.bgr), variant
    task = None
    if config.model_type == "oneformer":
        task = task_tokens(folder, config, where)
        variant |= {"task": TASK, "tokens": [token for token in task[0].tolist() if token]}
    return MaskClassifier(model, classes, where, bgr=processor.bgr, task=task), variant


def _choose_image_size(
    network: TransformersNetwork,
    processor: ProcessorSettings,
    folder: Path,
    options: SegmenterOptions,
    where: str,
) -> Tensor:
    """Set the size of images for the network, or the image processor that prepares them.

    If the user chooses none, it is the size of the image, if the network takes every size.

    Returns:
        The network's output for a test image.
    """
    # A network may cache tensors, and tensors from inference mode cannot enter an autograd graph
    # later.
    with torch.no_grad():
        network.size = sides(options.input_size)
        if options.input_size != PROCESSOR:
            answer = _try_without_processor(network, options, where)
            if answer is not None:
                processor.check_native(where)
                return answer
        network.processor = ImageProcessor(folder, where)
        return network.processed(network.processor(np.zeros((*TRIED, 3), np.uint8)), TRIED)


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
