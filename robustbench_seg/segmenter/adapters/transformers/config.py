"""Reads config.json: the kind of a transformers model, and the names of its classes."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from robustbench_seg.errors import ModelError
from robustbench_seg.segmenter.adapters.transformers.mask_classifier import MASK_KINDS
from robustbench_seg.segmenter.adapters.transformers.processor_file import read_object
from robustbench_seg.segmenter.foreign_errors import reason
from robustbench_seg.weights import CONFIG

MOST = 1_000_000
"""Upper bound of the numbers in the configuration of an image model."""


def read_config(folder: Path, where: str) -> Any:
    """Read the configuration of a model. No code of the folder runs.

    Args:
        folder: The folder of the model.
        where: The model's name in errors.

    Returns:
        The configuration, a PretrainedConfig of transformers.

    Raises:
        ModelError: The file is missing, transformers does not accept it, or it does not describe a
            semantic segmentation model.
    """
    from transformers import AutoConfig

    try:
        content = read_object(folder / CONFIG)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{where}: its {CONFIG} cannot be read ({reason(error)}); download the model again"
        ) from error
    for key, value in _values(content):
        if isinstance(value, int | float) and not abs(value) <= MOST:
            raise ModelError(
                f"{where}: {CONFIG}: {key} is {str(value)[:40]}, which is too large; download the "
                "model again"
            )
        if key.endswith("_implementation") and "/" in str(value):
            raise ModelError(
                f"{where}: {CONFIG}: {key} names code on the hub, {str(value)[:80]!r}, which "
                "robustseg never runs; remove the key"
            )
    try:
        # A folder may name its own code in auto_map; it never runs, and transformers never asks.
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # damaged values raise errors of any type
        raise ModelError(
            f"{where}: transformers cannot read its {CONFIG} ({reason(error)}); download the "
            "model again"
        ) from error
    if class_of(config) is None:
        raise ModelError(
            f"{where}: transformers cannot load it as a semantic segmentation model (its "
            f"model_type is {config.model_type!r})"
        )
    return config


def class_of(config: Any) -> Any:
    """Return the class for a configuration, or None if it is not for semantic segmentation."""
    from transformers import AutoModelForSemanticSegmentation, AutoModelForUniversalSegmentation

    if type(config) in AutoModelForSemanticSegmentation._model_mapping:
        return AutoModelForSemanticSegmentation._model_mapping[type(config)]
    universal = AutoModelForUniversalSegmentation._model_mapping
    known = config.model_type in MASK_KINDS and type(config) in universal
    return universal[type(config)] if known else None


def class_names_of(config: Any, where: str) -> tuple[str, ...]:
    """Read the class names of a model from id2label of its configuration.

    Args:
        config: The configuration.
        where: The model's name in errors.

    Returns:
        The names, in the order of the logits.

    Raises:
        ModelError: The ids are not 0, 1, 2, ..., or classes have no names.
    """
    names = getattr(config, "id2label", None)
    if not isinstance(names, Mapping) or not names:
        raise ModelError(f"{where}: {CONFIG} has no id2label; write the names of its classes there")
    ids = list(names)
    if sorted(ids, key=str) != sorted(range(len(ids)), key=str):
        listed = ", ".join(map(str, ids[:3])) + (f", ..., {ids[-1]}" if len(ids) > 3 else "")
        raise ModelError(
            f"{where}: id2label of its {CONFIG} numbers the classes {listed}; number them 0 to "
            f"{len(ids) - 1}, in the order of its logits"
        )
    classes = tuple(names[index] for index in range(len(ids)))
    if not all(isinstance(name, str) and name.strip() for name in classes):
        raise ModelError(
            f"{where}: id2label of its {CONFIG} has a class without a name; write all names there"
        )
    if classes == tuple(f"LABEL_{index}" for index in range(len(ids))):
        raise ModelError(
            f"{where}: its {len(ids)} classes have no names; write them into id2label of its "
            f"{CONFIG}"
        )
    return classes


def _values(content: object, key: str = "") -> Iterator[tuple[str, object]]:
    """Yield every value of a JSON document that is not a list or object, with its nearest key."""
    if isinstance(content, Mapping):
        for name, value in content.items():
            yield from _values(value, str(name))
    elif isinstance(content, list):
        for value in content:
            yield from _values(value, key)
    else:
        yield key, content
