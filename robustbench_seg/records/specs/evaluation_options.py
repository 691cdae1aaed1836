"""Builds an EvaluationSpec from options as a person writes them."""

import numbers
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack, get_args, get_origin, get_type_hints

from robustbench_seg.errors import OptionError, unknown
from robustbench_seg.files import checked_path
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.records.values.augment import augment_text
from robustbench_seg.records.values.choices import (
    AdaptationMethod,
    Backend,
    Executor,
    InferenceMode,
    Precision,
    PredictionFormat,
    Stream,
)
from robustbench_seg.records.values.input_size import input_size_text
from robustbench_seg.records.values.shard import Shard


class EvaluationOptions(TypedDict, total=False):
    """Fields of EvaluationSpec except models, dataset and protocol, as a person writes them."""

    data: str | Path | None
    split: str
    limit: int | None
    corrupted: str | Path | None
    corruptions: str | Iterable[str]
    severities: int | Iterable[int]
    stream: Stream
    seeds: int | Iterable[int]
    measures: str | Iterable[str]
    class_map: str | Path | None
    temperature: float | Literal["fit"] | None
    out: str | Path
    weights: str | Path | None
    name: str | None
    inference: InferenceMode | None
    input_size: str | tuple[int, int] | None
    augment: str | None
    adapt: AdaptationMethod | None
    adapt_images: int | Literal["all"]
    adapt_prior: float
    device: str
    precision: Precision
    backend: Backend
    batch: int
    threads: int | None
    processes: int
    workers: int | None
    shard: Shard
    executor: Executor
    save_predictions: str | Path | None
    save_confidence: bool
    prediction_format: PredictionFormat
    attack_from: str | Path | None
    round_attacks: bool
    class_frequencies: str | Path | None
    save_attacks: str | Path | None
    folder: str | Path
    command: str


_HINTS = get_type_hints(EvaluationSpec)

_SEVERAL = [name for name, hint in _HINTS.items() if get_origin(hint) is tuple]
"""Fields that are tuples, for which a single value may stand."""

_PATHS = [name for name, hint in _HINTS.items() if Path in (hint, *get_args(hint))]
"""Fields that are paths, for which text may stand."""

_TEXTS = ("dataset", "protocol", "weights", "attack_from", "class_map")
"""Fields that are names, or paths as text."""


def _plain(value: object) -> object:
    """Convert a NumPy integer to a Python integer."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    return int(value) if whole else value  # type: ignore[call-overload]


def evaluation_spec(
    model: str | Path | Iterable[str | Path],
    *,
    dataset: str | Path = EvaluationSpec.dataset,
    protocol: str | Path = EvaluationSpec.protocol,
    **options: Unpack[EvaluationOptions],
) -> EvaluationSpec:
    """Build an EvaluationSpec. Single values stand for tuples, and strings for paths.

    Args:
        model: A model, or several.
        dataset: Name of the dataset, or its TOML file.
        protocol: Name of the protocol, or its TOML file.
        **options: The other fields of EvaluationSpec.

    Raises:
        OptionError: An option does not exist, has no such value, or does not go with another.
    """
    names = [each.name for each in fields(EvaluationSpec)]
    values: dict[str, Any] = {"dataset": dataset, "protocol": protocol, **options}
    for name, value in values.items():
        if name not in names:
            raise OptionError(unknown("option of evaluate", name, names))
        if name in _SEVERAL:
            several = isinstance(value, Iterable) and not isinstance(value, str | bytes)
            values[name] = tuple(map(_plain, value)) if several else (_plain(value),)
        elif name in _PATHS and value is not None:
            values[name] = checked_path(value)
        elif name == "input_size":
            values[name] = input_size_text(value)
        elif name == "augment":
            values[name] = augment_text(value)
        elif name == "adapt_images":
            values[name] = _plain(value)
        elif name in _TEXTS and value:
            values[name] = str(value)
    if values.get("out", EvaluationSpec.out) is None:
        raise OptionError("out is None; give a folder for the run folders")
    models = (model,) if isinstance(model, str | Path) else model
    return EvaluationSpec(models=tuple(map(str, models)), **values)
