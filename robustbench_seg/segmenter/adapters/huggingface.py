"""hf:ID or hf:FOLDER: any semantic segmentation model of transformers, run by that library."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from robustbench_seg.errors import ModelError
from robustbench_seg.files import digest_file
from robustbench_seg.records.model_card import Inference, Preprocessing
from robustbench_seg.records.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.segmenter.assembly import Options, assemble, known_as
from robustbench_seg.segmenter.segmenter import Segmenter
from robustbench_seg.weights import (
    digest_weights,
    fetch_hub_folder,
    find_weights,
    not_finite,
    parse_source,
)

log = logging.getLogger(__name__)

HUGGINGFACE_LAW = 1
"""Raised whenever images go into a model of transformers otherwise."""

CONFIG, PROCESSOR = "config.json", "preprocessor_config.json"


def load_huggingface(location: str, options: Options) -> Segmenter:
    """Build a segmenter of a model on the hub, or in a folder that transformers saved.

    The network sees an image at its own size. Of the model's image processor, only the
    normalisation is used.

    Args:
        location: A folder, or a hub id with or without @revision.
        options: How the model runs.

    Returns:
        The segmenter, named after the last part of the location.

    Raises:
        ModelError: transformers is not installed, or the model, its configuration or its image
            processor is missing or wrong.
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
    folder = Path(location)
    if not folder.is_dir():
        if source.revision and Path(source.location).is_dir():
            log.warning(
                "warning: %s: revision %s of the hub is used, not the folder %s; leave out "
                "@%s to use the folder",
                *(where, source.revision, source.location, source.revision),
            )
        folder = fetch_hub_folder(source.location, source.revision, (CONFIG, PROCESSOR))
    preprocessing = read_normalisation(folder, where)
    network = TransformersNetwork(folder, where)
    return assemble(
        network,
        options,
        name=source.location.rstrip("/").rpartition("/")[2],
        classes=known_as(network.classes, options.classes),
        preprocessing=preprocessing,
        inference=Inference("whole"),
        record=SegmenterRecord(
            architecture=type(network.model).__name__,
            weights=digest_weights(find_weights(folder)),
            config=digest_file(folder / CONFIG),
            runtime="transformers",
            laws={"huggingface": HUGGINGFACE_LAW},
        ),
        about=ModelFacts(
            location=where,
            params=sum(parameter.numel() for parameter in network.parameters()),
            weights_file=find_weights(folder).name,
            libraries={"transformers": str(transformers.__version__)},
        ),
    )


def read_normalisation(folder: Path, where: str) -> Preprocessing:
    """Read what a model's image processor does to pixel values.

    transformers computes (levels x rescale_factor - mean) / std. Here levels are first divided by
    255, so the returned numbers are scaled accordingly.

    Args:
        folder: The folder of the model.
        where: The model's name in errors.

    Returns:
        The mean and standard deviation of RGB in 0..1.

    Raises:
        ModelError: The processor's file cannot be read, lacks the mean or the standard deviation,
            or swaps red and blue.
    """
    processor = _read_json(folder / PROCESSOR, where)
    if processor.get("do_flip_channel_order"):
        raise ModelError(f"{where}: its image processor swaps red and blue: not supported")
    scale = 255.0
    if processor.get("do_rescale", True):
        scale *= float(processor.get("rescale_factor", 1 / 255))
    mean, std = processor.get("image_mean"), processor.get("image_std")
    if not processor.get("do_normalize", True):
        mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    if not mean or not std or len(mean) != 3 or len(std) != 3:
        raise ModelError(f"{where}: {PROCESSOR} lacks image_mean and image_std, three values each")
    (m0, m1, m2), (s0, s1, s2) = mean, std
    return Preprocessing((m0 / scale, m1 / scale, m2 / scale), (s0 / scale, s1 / scale, s2 / scale))


class TransformersNetwork(nn.Module):
    """A model of transformers as a network.

    Attributes:
        model: The model, in float32 and eval mode.
        classes: Names of its classes, in the order of its logits.
    """

    def __init__(self, folder: Path, where: str) -> None:
        """Load the model.

        Args:
            folder: The folder of the model.
            where: The model's name in errors.

        Raises:
            ModelError: transformers cannot load the model, the weight file lacks tensors, values
                are not finite, or the classes have no names.
        """
        super().__init__()
        from transformers import AutoModelForSemanticSegmentation

        self._where = where
        try:
            self.model, loading = AutoModelForSemanticSegmentation.from_pretrained(
                folder,
                local_files_only=True,
                output_loading_info=True,
                trust_remote_code=False,  # a repository may name code of its own; none runs
            )
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            first = str(error).strip().splitlines()[0]
            raise ModelError(
                f"{where}: transformers cannot load it as a semantic segmentation model ({first})"
            ) from None
        # transformers itself would run them with random values.
        lacking = sorted(loading["missing_keys"]) + sorted(map(str, loading["mismatched_keys"]))
        if lacking:
            raise ModelError(
                f"{where}: {len(lacking)} tensors of the model are not in its weight file, such as "
                f"{lacking[0]}"
            )
        self.model.float().eval()  # a file in half precision, too
        if names := not_finite(self.model.state_dict()):
            raise ModelError(
                f"{where}: NaN or infinite values in its weights, first in {names[0]}; "
                "fetch the model again"
            )
        names = self.model.config.id2label
        self.classes = tuple(str(names[index]) for index in range(len(names)))
        if self.classes == tuple(f"LABEL_{index}" for index in range(len(names))):
            raise ModelError(
                f"{where}: its {len(names)} classes have no names; write them into id2label of its "
                f"{CONFIG}"
            )

    def forward(self, images: Tensor) -> Tensor:
        """Compute logits.

        Args:
            images: Float Nx3xHxW, normalised.

        Returns:
            Float logits NxKxhxw.

        Raises:
            ModelError: The model does not take images of this size.
        """
        try:
            logits: Tensor = self.model(pixel_values=images).logits
        except (RuntimeError, ValueError) as error:
            if isinstance(error, torch.OutOfMemoryError):
                raise
            first = str(error).strip().splitlines()[0]
            height, width = images.shape[2:]
            raise ModelError(
                f"{self._where} does not take an image of {height}x{width} ({first})"
            ) from None
        return logits


def _read_json(path: Path, where: str) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{where}: its {path.name}, which says how images are normalised, cannot be read "
            f"({error})"
        ) from None
    return dict(content)
