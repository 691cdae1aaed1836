"""Sorts the arguments of `evaluate` into a specification and objects."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from robustbench_seg.datasets import EvaluationDataset, check_dataset
from robustbench_seg.errors import OptionError
from robustbench_seg.machine.torchrun import own_device
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.specs.evaluation_spec import (
    NO_MODEL,
    EvaluationOptions,
    EvaluationSpec,
    evaluation_spec,
)
from robustbench_seg.segmenter import Segmenter, SegmenterOptions, segmenter_of


class EvaluateArguments(EvaluationOptions, total=False):
    """Options of `evaluate`: those of a specification, and those of load_segmenter for objects."""

    classes: tuple[str, ...]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    version: str


_ABOUT_OBJECTS = tuple(EvaluateArguments.__annotations__.keys() - EvaluationOptions.__annotations__)
"""The options of load_segmenter for models that are objects."""


@dataclass(frozen=True, eq=False)
class GivenObjects:
    """The objects that a caller gives instead of the names in a specification.

    Attributes:
        segmenters: The models.
        dataset: An open dataset; None: it is given by name.
        protocol: A loaded protocol; None: it is given by name.
    """

    segmenters: tuple[Segmenter, ...] = ()
    dataset: EvaluationDataset | None = None
    protocol: Protocol | None = None


def sort_arguments(
    model: object,
    dataset: str | Path | EvaluationDataset | None,
    protocol: str | Path | Protocol | None,
    options: Mapping[str, Any],
) -> tuple[EvaluationSpec, GivenObjects]:
    """Sort the arguments of `evaluate` into a specification and objects.

    Args:
        model: As for `evaluate`.
        dataset: Likewise.
        protocol: Likewise.
        options: Likewise.

    Raises:
        RobustsegError: A part of the specification does not exist, or parts do not fit together.
    """
    models = tuple(model) if isinstance(model, list | tuple) else (model,)
    if models in ((), (None,)):
        raise OptionError(NO_MODEL)
    by_name = [isinstance(one, str | Path) for one in models]
    if any(by_name) and not all(by_name):
        raise OptionError("give all models as names, or all as objects")
    names = [one if known else _name(one) for one, known in zip(models, by_name, strict=True)]
    about_objects = {name: value for name, value in options.items() if name in _ABOUT_OBJECTS}
    if about_objects and all(by_name):
        raise OptionError(
            f"{', '.join(about_objects)}: only for models that are objects; leave them out for "
            "names"
        )
    spec_options = {name: value for name, value in options.items() if name not in _ABOUT_OBJECTS}
    opened = None if isinstance(dataset, str | Path | None) else dataset
    if opened is not None:
        _check_dataset(opened, spec_options)
        spec_options |= {"dataset": opened.name, "split": opened.split}
    elif dataset is not None:
        spec_options["dataset"] = dataset
    loaded = protocol if isinstance(protocol, Protocol) else None
    if protocol is not None:
        spec_options["protocol"] = loaded.name if loaded else protocol
    spec = evaluation_spec(names, **spec_options)
    segmenters = () if all(by_name) else _segmenters(models, spec, about_objects)
    return spec, GivenObjects(segmenters, opened, loaded)


def _check_dataset(dataset: EvaluationDataset, options: Mapping[str, object]) -> None:
    """Check that an object is a dataset, and that no option is for opening it."""
    check_dataset(dataset, EvaluationDataset)
    for name in ("data", "split"):
        if options.get(name) is not None:
            raise OptionError(f"{dataset.name} is already open; leave out {name}")


def _name(model: object) -> str:
    return str(getattr(model, "name", None) or type(model).__name__)


def _segmenters(
    models: tuple[object, ...], spec: EvaluationSpec, about_objects: Mapping[str, Any]
) -> tuple[Segmenter, ...]:
    options = SegmenterOptions.of(replace(spec, device=own_device(spec.device)))
    return tuple(segmenter_of(model, options, **about_objects) for model in models)
