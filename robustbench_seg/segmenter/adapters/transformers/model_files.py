"""The files of a model of transformers, on the hub or in a folder, and what the small ones say."""

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robustbench_seg.errors import ModelError
from robustbench_seg.records.cards.weights_source import WeightsSource
from robustbench_seg.segmenter.adapters.transformers.config import read_config
from robustbench_seg.segmenter.adapters.transformers.oneformer_task import TOKENIZER_FILES
from robustbench_seg.segmenter.adapters.transformers.processor_file import (
    PROCESSOR_FILE,
    ProcessorSettings,
    read_processor_settings,
)
from robustbench_seg.weights import (
    CONFIG,
    fetch_hub_folder,
    fetch_hub_weights,
    find_weights,
    parse_source,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ModelFiles:
    """The files of a model, and what the small ones say.

    Attributes:
        where: The model's name in errors, "hf:" and its location.
        name: The last part of the location.
        folder: The folder with the description of the model.
        weights: Path of the weight file.
        processor: The settings of the image processor.
        config: The configuration, a PretrainedConfig of transformers.
    """

    where: str
    name: str
    folder: Path
    weights: Path
    processor: ProcessorSettings
    config: Any


def find_model_files(location: str) -> ModelFiles:
    """Find the files of a model. They are downloaded if they are not on the disk.

    Args:
        location: A folder, or a hub id with or without @revision.

    Raises:
        ModelError: The configuration or the image processor is missing or wrong.
        WeightsError: The model cannot be fetched.
    """
    where = f"hf:{location}"
    source = parse_source(where)
    hub_id, revision = source.location, source.revision
    folder = _folder(location, source)
    processor = read_processor_settings(folder, where)
    config = read_config(folder, where)
    if folder == Path(location):
        weights = find_weights(folder)
    else:
        weights = fetch_hub_weights(hub_id, revision, folder)
        if config.model_type == "oneformer":
            fetch_hub_folder(hub_id, revision, CONFIG, PROCESSOR_FILE, *TOKENIZER_FILES)
    name = hub_id.rstrip("/").rpartition("/")[2]
    return ModelFiles(where, name, folder, weights, processor, config)


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
