"""`evaluate`: the one way in, for the command line and for Python."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, cast

from robustbench_seg.datasets import Dataset
from robustbench_seg.errors import IncompleteError, ModelError, ResultsError
from robustbench_seg.evaluation.evaluation import Evaluation, open_evaluation
from robustbench_seg.evaluation.loop import run
from robustbench_seg.machine.processes import joined, own_device
from robustbench_seg.machine.threads import torch_threads
from robustbench_seg.records.evaluation_spec import EvaluationSpec, evaluation_spec
from robustbench_seg.records.protocol import Protocol
from robustbench_seg.records.shard import Shard
from robustbench_seg.results import Run
from robustbench_seg.segmenter import Options, of_object


def evaluate(
    spec: EvaluationSpec | None = None,
    *,
    model: object = None,
    dataset: str | Dataset | None = None,
    protocol: str | Protocol | None = None,
    progress: bool = False,
    **options: Any,
) -> list[Run]:
    """Score models on a dataset, clean and under every corruption and severity.

    `evaluate(spec)` and `evaluate(model=..., dataset=..., ...)` are the same call. Started again,
    it computes only what is missing.

    Args:
        spec: What to evaluate, and how; then nothing else is given.
        model: A name, a segmenter, a torch module or a callable; or several of them. An object
            that is no segmenter needs what load_segmenter asks of it: name, classes, and mean and
            std, or version.
        dataset: A dataset's name or TOML file, or an open dataset.
        protocol: A protocol's name or TOML file, or a loaded one.
        progress: Show a bar with the time left on stderr.
        **options: The other fields of EvaluationSpec.

    Returns:
        The runs, one for each model. Under torchrun the first process alone has them, once all
        are done; the others return nothing.

    Raises:
        RobustsegError: What is asked for does not exist or does not fit together, in one line;
            IncompleteError after everything else is done, if images had to be left out.
    """
    if spec is None:
        objects = _Objects.of(model, dataset, protocol, options)
        spec = evaluation_spec(**objects.names(model, dataset, protocol), **options)
    elif model is not None or dataset is not None or protocol is not None or options:
        raise ResultsError("give a specification or options, not both")
    else:
        objects = _Objects()
    if spec.executor == "ray":
        if objects.models or objects.dataset or objects.protocol:
            raise ModelError("a cluster needs models, data and protocol by name, not as objects")
        from robustbench_seg.evaluation.ray_executor import evaluate_on_ray

        return [Run(path) for path in evaluate_on_ray(spec, progress)]
    spec = replace(spec, device=own_device(spec.device))
    return _evaluate_with_others(spec, objects, progress)


@dataclass(frozen=True, eq=False)
class _Objects:
    """What a caller gave as objects instead of by name; nothing where all is named.

    about_models: what load_segmenter asks of models that are objects
    """

    models: tuple[object, ...] = ()
    dataset: Dataset | None = None
    protocol: Protocol | None = None
    about_models: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, model: object, dataset: object, protocol: object, options: dict[str, Any]
    ) -> "_Objects":
        """Sort arguments of `evaluate`; what is about objects is taken out of `options`."""
        models = _models(model)
        named = [one for one in models if isinstance(one, str | Path)]
        if named and len(named) < len(models):
            raise ModelError("give all models by name, or all as objects")
        wanted = ("classes", "mean", "std", "version")
        about = {name: options.pop(name) for name in wanted if name in options}
        if about and named:
            raise ModelError(f"{', '.join(about)}: for models that are objects, not names")
        return cls(
            () if named else models,
            None if isinstance(dataset, str | Path | None) else cast(Dataset, dataset),
            protocol if isinstance(protocol, Protocol) else None,
            about,
        )

    def names(self, model: object, dataset: object, protocol: object) -> Mapping[str, Any]:
        """The fields of a specification that say what the arguments are called."""
        models = [getattr(one, "name", None) or type(one).__name__ for one in self.models]
        named: dict[str, Any] = {"models": models or _models(model)}
        if self.dataset is not None:
            named |= {"dataset": self.dataset.name, "split": self.dataset.split}
        elif dataset is not None:
            named["dataset"] = dataset
        if protocol is not None:
            named["protocol"] = self.protocol.name if self.protocol else protocol
        return named

    def open(self, spec: EvaluationSpec) -> Evaluation:
        """The evaluation of a specification, with the objects in place of their names."""
        if self.models and spec.weights is not None:
            raise ModelError("weights go with a card; give objects with their own")
        names = {each.name for each in fields(Options)} - {"classes"}
        options = Options(**{name: getattr(spec, name) for name in names})
        segmenters = [of_object(model, options, **self.about_models) for model in self.models]
        return open_evaluation(
            spec, segmenters=segmenters, dataset=self.dataset, protocol=self.protocol
        )


def _models(model: object) -> tuple[object, ...]:
    models = tuple(model) if isinstance(model, list | tuple) else (model,)
    if models in ((), (None,)):
        raise ModelError("give a model: its name, a segmenter, a torch module or a callable")
    return models


def _evaluate_with_others(spec: EvaluationSpec, objects: _Objects, progress: bool) -> list[Run]:
    """Do this process's part; the first of torchrun's answers for all, once all are done.

    For torchrun stops all others where one fails, also where it only left out an image.
    """
    paths, incomplete = [], None
    with joined("cpu") as processes, torch_threads(spec.threads):
        own = Shard(processes.rank + 1, processes.count)
        part = replace(spec, shard=spec.shard.part(own))
        try:
            paths = run(objects.open(part), progress=progress and processes.first)
        except IncompleteError as error:
            incomplete = error
        failures = [error for error in processes.gathered(incomplete) if error]
    if not processes.first:
        return []
    if failures:
        raise failures[0]
    return [Run(path) for path in paths]
