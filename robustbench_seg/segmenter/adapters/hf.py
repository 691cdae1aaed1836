"""hf:ID or hf:FOLDER: any semantic segmentation model of transformers, run by that library."""

import logging
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from robustbench_seg.errors import ModelError
from robustbench_seg.files import digest_file
from robustbench_seg.records.model_card import Inference, WeightsSource
from robustbench_seg.records.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.segmenter.adapters.processor import (
    PROCESSOR,
    PYTHON,
    Processor,
    read_processor,
)
from robustbench_seg.segmenter.adapters.transformers_model import (
    CONFIG,
    build_network,
    class_names_of,
    read_config,
)
from robustbench_seg.segmenter.answers import checked_logits
from robustbench_seg.segmenter.assembly import Options, assemble
from robustbench_seg.segmenter.class_names import class_spelling
from robustbench_seg.segmenter.foreign_errors import reason
from robustbench_seg.segmenter.segmenter import Segmenter
from robustbench_seg.weights import (
    digest_weights,
    fetch_hub_folder,
    fetch_hub_weights,
    find_weights,
    parse_source,
    read_tensors,
)

log = logging.getLogger(__name__)

HUGGINGFACE_LAW = 1
"""Raised whenever images go into a model of transformers otherwise."""

TRIED = (193, 289)
"""Height and width of the image that tells whether a model takes any size."""


def load(location: str, options: Options) -> Segmenter:
    """Build a segmenter of a model on the hub, or in a folder that transformers saved.

    The network sees an image at its own size, with the normalisation and the order of channels of
    the model's image processor. Only a network that does not take any size sees it at the size of
    the image processor.

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
    folder = _folder(location, source)
    processor = read_processor(folder, where)
    description = read_config(folder, where)
    classes = class_names_of(description, where)
    if folder == Path(location):
        weights = find_weights(folder)
    else:
        weights = fetch_hub_weights(source.location, source.revision, folder)
    model, lacking = build_network(description, read_tensors(weights), where)
    network = TransformersNetwork(model, processor, len(classes), where, lacking)
    return assemble(
        network,
        options,
        name=source.location.rstrip("/").rpartition("/")[2],
        classes=class_spelling(classes, options.classes),
        record=SegmenterRecord(
            architecture=type(network.model).__name__,
            weights=digest_weights(weights),
            variant=network.variant,
            config=digest_file(folder / CONFIG),
            preprocessing=processor.preprocessing,
            inference=Inference("whole"),
            input_size=network.size,
            runtime="transformers",
            laws={"huggingface": HUGGINGFACE_LAW},
        ),
        about=ModelFacts(
            location=where,
            params=sum(parameter.numel() for parameter in network.parameters()),
            weights_file=weights.name,
            libraries={"transformers": str(transformers.__version__)},
        ),
    )


def _folder(location: str, source: WeightsSource) -> Path:
    """The folder with the model's description: the user's own, or the hub's."""
    folder = Path(location)
    if folder.is_dir():
        return folder
    if source.revision and Path(source.location).is_dir():
        log.warning(
            "warning: hf:%s: revision %s of the hub is used, not the folder %s; leave out @%s to "
            "use the folder",
            location,
            source.revision,
            source.location,
            source.revision,
        )
    return fetch_hub_folder(source.location, source.revision, CONFIG, PROCESSOR)


class TransformersNetwork(nn.Module):
    """A model of transformers as a network.

    A model that takes images of any size gets them at their own. To find out, it is run once, on an
    image that is no square. Another gets them at the size of its image processor, and its logits
    count for the whole image.

    Attributes:
        model: The model, in float32 and eval mode.
        size: Height and width of the only image that it is given. None: the image's own.
        variant: How images go in, where that is otherwise than for most models.
    """

    def __init__(
        self,
        model: nn.Module,
        processor: Processor,
        classes: int,
        where: str,
        lacking: Sequence[str] = (),
    ) -> None:
        """Find out which images the model takes.

        Args:
            model: The model.
            processor: What its image processor does.
            classes: Number of its classes.
            where: The model's name in errors.
            lacking: Names of tensors that its files lack, with the value NaN.

        Raises:
            ModelError: The model takes images neither of any size nor of the processor's, or its
                answer depends on a tensor that its files lack.
        """
        super().__init__()
        self._where = where
        self.model = model
        self._classes = classes
        self.size: tuple[int, int] | None = None
        self.variant = {"channels": "BGR"} if processor.bgr else dict[str, str]()
        self._bgr, self._resample = processor.bgr, processor.resample
        with torch.inference_mode():
            try:
                answer = self._run(torch.zeros(1, 3, *TRIED))
            except ModelError as error:
                answer = self._take_size(processor, error)
        if lacking and not answer.isfinite().all():
            raise ModelError(
                f"{where}: {len(lacking)} tensors of the model are not in its weight file, such as "
                f"{lacking[0]}; fetch the model again"
            )

    def forward(self, images: Tensor) -> Tensor:
        """Compute logits.

        Args:
            images: Float Nx3xHxW, normalised.

        Returns:
            Float logits NxKxhxw.

        Raises:
            ModelError: The model does not take images of this size, or answers anything else.
        """
        if self.size:
            images = F.interpolate(
                images, self.size, mode=str(self._resample), align_corners=False, antialias=True
            )
        return self._run(images)

    def _run(self, images: Tensor) -> Tensor:
        try:
            answer = self.model(pixel_values=images.flip(1) if self._bgr else images).logits
        except torch.OutOfMemoryError:
            raise
        except Exception as error:  # a wrong configuration can raise anything here
            height, width = images.shape[2:]
            raise ModelError(
                f"{self._where} does not take an image of {height}x{width} ({reason(error)})"
            ) from error
        return checked_logits(answer, images, self._classes, self._where)

    def _take_size(self, processor: Processor, error: ModelError) -> Tensor:
        if processor.size is None or processor.resample is None:
            raise ModelError(
                f"{error}, and {PROCESSOR} gives no other height and width that suit every image; "
                f"{PYTHON}"
            ) from error
        answer = self._run(torch.zeros(1, 3, *processor.size))
        self.size = processor.size
        if processor.resample != "bilinear":
            self.variant["resample"] = processor.resample
        return answer
