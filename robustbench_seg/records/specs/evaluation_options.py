"""Builds an EvaluationSpec from options as users write them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Unpack

from robustbench_seg.errors import OptionError
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.records.specs.model_spec import ModelOptions
from robustbench_seg.records.specs.options import spec_values
from robustbench_seg.records.values.choices import Executor, PredictionFormat, Stream
from robustbench_seg.records.values.shard import Shard


class EvaluationOptions(ModelOptions, total=False):
    """Fields of EvaluationSpec except models, dataset and protocol, as users write them."""

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
        OptionError: An option does not exist, has no such value, or conflicts with another.
    """
    given = {"dataset": dataset, "protocol": protocol, **options}
    values = spec_values(EvaluationSpec, given, "option of evaluate")
    if values.get("out", EvaluationSpec.out) is None:
        raise OptionError("out is None; give a folder for the run folders")
    models = (model,) if isinstance(model, str | Path) else model
    return EvaluationSpec(models=tuple(map(str, models)), **values)
