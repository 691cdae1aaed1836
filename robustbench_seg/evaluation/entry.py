"""`evaluate`: the one way in, for the command line and for Python."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Unpack

from robustbench_seg.datasets import Dataset
from robustbench_seg.errors import DatasetError, IncompleteError, ModelError, ResultsError
from robustbench_seg.evaluation.evaluation import open_evaluation, segmenter_options
from robustbench_seg.evaluation.loop import run
from robustbench_seg.evaluation.notices import announce, announce_seed, warn_of_absent_classes
from robustbench_seg.machine.threads import torch_threads
from robustbench_seg.machine.torchrun import joined, own_device
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.specs.evaluation_spec import (
    NO_MODEL,
    EvaluationOptions,
    EvaluationSpec,
    evaluation_spec,
)
from robustbench_seg.records.values.shard import Shard
from robustbench_seg.segmenter import Segmenter, segmenter_of
from robustbench_seg.store import Run


class EvaluateOptions(EvaluationOptions, total=False):
    """Options of `evaluate`: those of a specification, and what load_segmenter asks of objects."""

    classes: tuple[str, ...]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    version: str


def evaluate(
    spec: EvaluationSpec | None = None,
    *,
    model: object = None,
    dataset: str | Path | Dataset | None = None,
    protocol: str | Path | Protocol | None = None,
    progress: bool = False,
    **options: Unpack[EvaluateOptions],
) -> list[Run]:
    """Score models on a dataset, clean and under every corruption and severity.

    `evaluate(spec)` and `evaluate(model=..., dataset=..., ...)` are the same call. Started again,
    it computes only what is missing.

    Args:
        spec: What to evaluate, and how. Give no options with it.
        model: A name, a segmenter, a torch module or a callable; or several of them. An object
            that is not a segmenter needs the same arguments as in load_segmenter: name, classes,
            and mean and std, or version.
        dataset: A dataset's name or TOML file, or an open dataset.
        protocol: A protocol's name or TOML file, or a loaded one.
        progress: Show on stderr which files were found, and a bar with the time left.
        **options: The other fields of EvaluationSpec; classes, mean, std and version of an object.

    Returns:
        The runs, one for each seed and model. Under torchrun the first process alone has them, once
        all are done; the others return nothing.

    Raises:
        RobustsegError: Something in the specification does not exist or does not fit together.
        IncompleteError: Images were left out. Raised at the end.
    """
    if spec is None:
        spec, objects = _sorted_out(model, dataset, protocol, options)
    elif model is not None or dataset is not None or protocol is not None or options:
        raise ResultsError("give a specification or options, not both")
    else:
        objects = _Objects()
    if spec.executor == "ray":
        if objects.segmenters or objects.dataset or objects.protocol:
            raise ModelError("a cluster needs models, data and protocol by name, not as objects")
        from robustbench_seg.evaluation.ray_executor import evaluate_on_ray

        return [Run(path) for path in evaluate_on_ray(spec, progress)]
    spec = replace(spec, device=own_device(spec.device))
    return _evaluate_with_others(spec, objects, progress)


@dataclass(frozen=True, eq=False)
class _Objects:
    """What a caller gave as objects; they take the place of a specification's names."""

    segmenters: tuple[Segmenter, ...] = ()
    dataset: Dataset | None = None
    protocol: Protocol | None = None


def _sorted_out(
    model: object,
    dataset: str | Path | Dataset | None,
    protocol: str | Path | Protocol | None,
    options: Mapping[str, Any],
) -> tuple[EvaluationSpec, _Objects]:
    """The arguments of `evaluate` as a specification, and the objects among them."""
    models = tuple(model) if isinstance(model, list | tuple) else (model,)
    if models in ((), (None,)):
        raise ModelError(NO_MODEL)
    by_name = [isinstance(one, str | Path) for one in models]
    if any(by_name) and not all(by_name):
        raise ModelError("give all models by name, or all as objects")
    names = [one if known else _name(one) for one, known in zip(models, by_name, strict=True)]
    about_objects = {name: value for name, value in options.items() if name in _ABOUT_OBJECTS}
    if about_objects and all(by_name):
        raise ModelError(f"{', '.join(about_objects)}: for models that are objects, not names")
    asked = {name: value for name, value in options.items() if name not in _ABOUT_OBJECTS}
    opened = None if isinstance(dataset, str | Path | None) else dataset
    if opened is not None:
        if lacking := [name for name in _OF_DATASETS if not hasattr(opened, name)]:
            raise DatasetError(
                f"dataset: {opened!r:.100} is neither a name nor a dataset; it lacks "
                f"{', '.join(lacking)}"
            )
        for name in ("data", "split"):
            if asked.get(name) is not None:
                raise DatasetError(f"{opened.name} is open already; give no {name} with it")
        asked |= {"dataset": opened.name, "split": opened.split}
    elif dataset is not None:
        asked["dataset"] = dataset
    loaded = protocol if isinstance(protocol, Protocol) else None
    if protocol is not None:
        asked["protocol"] = loaded.name if loaded else protocol
    spec = evaluation_spec(names, **asked)
    segmenters = () if all(by_name) else _segmenters(models, spec, about_objects)
    return spec, _Objects(segmenters, opened, loaded)


_ABOUT_OBJECTS = tuple(EvaluateOptions.__annotations__.keys() - EvaluationOptions.__annotations__)
"""What load_segmenter asks of models that are objects."""


_OF_DATASETS = (
    *("name", "split", "classes", "palette", "ids", "clip", "fingerprint"),
    *("__len__", "__getitem__", "image", "first"),
)
"""What an evaluation asks of a dataset."""


def _name(model: object) -> str:
    return str(getattr(model, "name", None) or type(model).__name__)


def _segmenters(
    models: tuple[object, ...], spec: EvaluationSpec, about_objects: Mapping[str, Any]
) -> tuple[Segmenter, ...]:
    if spec.weights is not None:
        raise ModelError("weights go with a card; give objects with their own")
    options = segmenter_options(spec, device=own_device(spec.device))
    return tuple(segmenter_of(model, options, **about_objects) for model in models)


def _evaluate_with_others(spec: EvaluationSpec, objects: _Objects, progress: bool) -> list[Run]:
    """Do this process's part; the first of torchrun's answers for all, once all are done.

    For torchrun stops all others where one fails, also where it only left out an image.
    """
    paths, incomplete, warned = list[Path](), list[IncompleteError](), False
    with joined("cpu") as processes, torch_threads(spec.threads):
        own = Shard(processes.rank + 1, processes.count)
        part = replace(spec, shard=spec.shard.subshard(own))
        shown = progress and processes.first
        evaluation = open_evaluation(part, **vars(objects))
        warned = announce(evaluation, shown)
        for drawn in evaluation.by_seed():
            announce_seed(drawn, evaluation, shown)
            try:
                paths += run(drawn, shown)
            except IncompleteError as error:
                incomplete.append(error)
        failures = [error for errors in processes.gathered(incomplete) for error in errors]
    if not processes.first:
        return []
    if failures:
        raise failures[0]
    if not warned:
        warn_of_absent_classes(paths)
    return [Run(path) for path in paths]
