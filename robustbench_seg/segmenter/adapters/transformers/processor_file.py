"""Reads preprocessor_config.json, the settings of an image processor of transformers."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robustbench_seg.errors import ModelError
from robustbench_seg.files import MAX_JSON, open_regular
from robustbench_seg.records.values.preprocessing import Preprocessing

log = logging.getLogger(__name__)

JsonObject = Mapping[str, Any]
"""A JSON object of another program; each value is checked where it is used."""

PROCESSOR_FILE = "preprocessor_config.json"

PYTHON_ADVICE = "run it as python:<module>:<callable> with its own processor"
"""Advice for a model whose input preparation is not supported."""

STEPS = {
    "do_resize",
    "do_rescale",
    "do_normalize",
    "do_center_crop",
    "do_pad",
    "do_convert_rgb",
    "do_flip_channel_order",
    "do_reduce_labels",
    "do_split_image",
}
"""The known steps of processors. Steps that change the size are skipped at native size, and
do_reduce_labels concerns labels only."""

EXAMPLE = '{"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}'

REMEDY = (
    f"write the file with the values of the training, such as {EXAMPLE}, or copy the file of the "
    "model that the training started from"
)


@dataclass(frozen=True)
class ProcessorSettings:
    """The steps of an image processor.

    Attributes:
        preprocessing: Mean and standard deviation of RGB in 0..1.
        bgr: Whether the network gets blue first.
        scaling: The size to which it scales images, in words. None: it keeps their size.
    """

    preprocessing: Preprocessing
    bgr: bool = False
    scaling: str | None = None

    def check_native(self, where: str) -> None:
        """Refuse a processor whose normalisation cannot be reproduced without running it.

        Args:
            where: The model's name in errors.

        Raises:
            ModelError: It swaps red and blue and normalises them differently.
        """
        normalisation = self.preprocessing
        if self.bgr and (len(set(normalisation.mean)) > 1 or len(set(normalisation.std)) > 1):
            raise ModelError(
                f"{where}: {PROCESSOR_FILE} swaps red and blue, and it is unclear whether "
                "image_mean begins with red or blue; choose the input size processor"
            )


def read_processor_settings(folder: Path, where: str) -> ProcessorSettings:
    """Read the image processor of a model.

    transformers computes (levels x rescale_factor - mean) / std. This package first divides levels
    by 255, so the returned numbers are scaled accordingly.

    Args:
        folder: The folder of the model.
        where: The model's name in errors.

    Returns:
        The processor.

    Raises:
        ModelError: The file is missing or cannot be read, a value is missing or wrong, or the
            processor has a step that this package does not support.
    """
    try:
        file = read_object(folder / PROCESSOR_FILE)
    except FileNotFoundError as error:
        raise ModelError(
            f"{where}: it has no {PROCESSOR_FILE}, which contains the normalisation of images; "
            f"{REMEDY}"
        ) from error
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{where}: its {PROCESSOR_FILE} cannot be read ({error}); {REMEDY}"
        ) from error
    kind = file.get("image_processor_type", file.get("feature_extractor_type"))
    mobilevit = isinstance(kind, str) and kind.startswith("MobileViT")
    for key, value in file.items():
        if key.startswith("do_") and not isinstance(value, bool | None):
            raise ModelError(
                f"{where}: {PROCESSOR_FILE}: {key} is {value!r}; expected true or false"
            )
        if key.startswith("do_") and value and key not in STEPS:
            raise ModelError(f"{where}: {PROCESSOR_FILE}: {key} is not supported; {PYTHON_ADVICE}")
    bgr = bool(_flag(file, "do_flip_channel_order", default=mobilevit))
    preprocessing = _preprocessing(file, where, normalise=not mobilevit)
    if preprocessing.impossible is not None:
        log.warning(
            "%s: %s normalises RGB in 0..1 with %g, which looks like a mean or std for 0..255; "
            "divide it by 255, unless the model was trained this way",
            where,
            PROCESSOR_FILE,
            preprocessing.impossible,
        )
    scales = _flag(file, "do_resize", default=True) and file.get("size") is not None
    return ProcessorSettings(preprocessing, bgr, _size_text(file["size"]) if scales else None)


def read_object(path: Path) -> JsonObject:
    """Read a JSON object from a file.

    Args:
        path: The file.

    Returns:
        The object.

    Raises:
        OSError: The file cannot be opened.
        ValueError: It contains something else. The message is one line.
    """
    try:
        with open_regular(path) as file:
            data = file.read(MAX_JSON + 1)
        if len(data) > MAX_JSON:
            raise ValueError(f"larger than {MAX_JSON >> 20} MiB")
        content = json.loads(data.decode("utf-8-sig"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(content, dict):
        raise ValueError(f"expected a JSON object, got {type(content).__name__}")
    return content


def _preprocessing(file: JsonObject, where: str, *, normalise: bool) -> Preprocessing:
    scale = 255.0
    if _flag(file, "do_rescale", default=True):
        scale *= _number(file.get("rescale_factor", 1 / 255), "rescale_factor", where)
    mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    if normalise and _flag(file, "do_normalize", default=True):
        if file.get("image_mean") is None or file.get("image_std") is None:
            raise ModelError(f"{where}: {PROCESSOR_FILE} lacks image_mean and image_std; {REMEDY}")
        mean, std = (_three(file[key], key, where) for key in ("image_mean", "image_std"))
    if scale <= 0 or min(std) <= 0:
        raise ModelError(
            f"{where}: {PROCESSOR_FILE}: image_std and rescale_factor must be positive; {REMEDY}"
        )
    (m0, m1, m2), (s0, s1, s2) = mean, std
    return Preprocessing((m0 / scale, m1 / scale, m2 / scale), (s0 / scale, s1 / scale, s2 / scale))


def _flag(file: JsonObject, key: str, *, default: bool) -> bool:
    value = file.get(key)
    return default if value is None else bool(value)


def _three(value: object, key: str, where: str) -> tuple[float, float, float]:
    values = value if isinstance(value, list) else [value] * 3
    if len(values) != 3:
        raise ModelError(f"{where}: {PROCESSOR_FILE}: {key} has {len(values)} values; expected 3")
    first, second, third = (_number(each, key, where) for each in values)
    return first, second, third


def _number(value: object, key: str, where: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e6:
        return float(value)
    raise ModelError(f"{where}: {PROCESSOR_FILE}: {key} cannot be {str(value)[:40]!r}; {REMEDY}")


def _size_text(size: object) -> str:
    """Return the size of an image processor, in words.

    >>> _size_text({"height": 384, "width": 512}), _size_text({"shortest_edge": 512})
    ('384x512', 'shortest_edge 512')
    """
    if isinstance(size, dict) and set(size) == {"height", "width"}:
        return f"{size['height']}x{size['width']}"[:60]
    if isinstance(size, dict):
        return ", ".join(f"{key} {value}" for key, value in size.items() if value is not None)[:60]
    return f"{size}x{size}"[:60] if isinstance(size, int) else str(size)[:60]
