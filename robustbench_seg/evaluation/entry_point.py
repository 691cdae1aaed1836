"""`evaluate`, the entry point for the command line and for Python."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from robustbench_seg.datasets import EvaluationDataset
from robustbench_seg.errors import IncompleteError, OptionError
from robustbench_seg.evaluation.arguments import EvaluateArguments, GivenObjects, sort_arguments
from robustbench_seg.evaluation.backend_choice import choose_backends
from robustbench_seg.evaluation.inputs.opening import open_evaluation
from robustbench_seg.evaluation.loop import run_evaluation
from robustbench_seg.evaluation.notices import announce, announce_seed, warn_of_absent_classes
from robustbench_seg.evaluation.other_processes import check_objects
from robustbench_seg.machine.threads import threads_of_each, torch_threads
from robustbench_seg.machine.torchrun import own_device, process_group
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.records.specs.spec_values import check_given_alone
from robustbench_seg.records.values.shard import Shard
from robustbench_seg.store import Run

log = logging.getLogger(__name__)


def evaluate(
    spec: EvaluationSpec | None = None,
    *,
    model: object = None,
    dataset: str | Path | EvaluationDataset | None = None,
    protocol: str | Path | Protocol | None = None,
    progress: bool = False,
    **options: Unpack[EvaluateArguments],
) -> list[Run]:
    """Score models on a dataset, clean and under every corruption and severity.

    `evaluate(spec)` and `evaluate(model=..., dataset=..., ...)` are equivalent. A second call
    computes only the missing results.

    Args:
        spec: The specification. It excludes all other options.
        model: A name, a segmenter, a torch module or a callable; or several of them. An object
            that is not a segmenter needs the same arguments as in load_segmenter: name, classes,
            and mean and std, or version.
        dataset: A dataset's name or TOML file, or an open dataset.
        protocol: A protocol's name or TOML file, or a loaded one.
        progress: Whether to show the files found and a progress bar on stderr.
        **options: The other fields of EvaluationSpec; classes, mean, std and version of an object.

    Returns:
        One run for each seed and model. Under torchrun only the first process returns them; the
        others return an empty list.

    Raises:
        RobustsegError: An option is unknown, or two options exclude each other.
        IncompleteError: Images were skipped. Raised at the end.

    >>> def all_sky(image):
    ...     return np.full(image.shape[:2], 10, np.uint8)
    >>> (run,) = rs.evaluate(
    ...     model=all_sky,
    ...     name="all-sky",
    ...     classes=rs.class_names("minicity"),
    ...     version="1",
    ...     dataset="minicity",
    ...     corruptions=["contrast"],
    ...     limit=1,
    ...     out="mine",
    ... )
    >>> run.record.model, run.record.images
    ('all-sky', 1)
    """
    if spec is None:
        spec, objects = sort_arguments(model, dataset, protocol, options)
    else:
        check_given_alone(model, dataset, protocol, options=options)
        objects = GivenObjects()
    if spec.executor == "ray":
        if objects.segmenters or objects.dataset or objects.protocol:
            raise OptionError(
                "the executor ray needs models, data and protocol as names, not as objects"
            )
        from robustbench_seg.evaluation.ray_executor import evaluate_on_ray

        return [Run(path) for path in evaluate_on_ray(spec, progress=progress)]
    if spec.processes > 1:
        check_objects(objects)
    spec = replace(spec, device=own_device(spec.device))
    return _evaluate_with_others(spec, objects, progress=progress)


def _evaluate_with_others(
    spec: EvaluationSpec, objects: GivenObjects, *, progress: bool
) -> list[Run]:
    """Do the part of this process; the first process of torchrun reports for all at the end.

    torchrun stops all processes if one fails, even if it only left out an image.
    """
    paths, incomplete, warned = list[Path](), list[IncompleteError](), False
    threads = threads_of_each(spec.threads, spec.processes)
    with process_group("cpu") as processes, torch_threads(threads):
        own = Shard(processes.rank + 1, processes.count)
        own_spec = replace(spec, shard=spec.shard.subshard(own))
        shown = progress and processes.first
        evaluation = open_evaluation(
            own_spec,
            segmenters=objects.segmenters,
            dataset=objects.dataset,
            protocol=objects.protocol,
        )
        if not objects.segmenters:
            evaluation = choose_backends(evaluation)
        warned = announce(evaluation, shown=shown)
        for of_seed in evaluation.by_seed():
            announce_seed(of_seed, evaluation, shown=shown)
            try:
                paths += run_evaluation(of_seed, progress=shown)
            except IncompleteError as error:
                incomplete.append(error)
        failures = [error for errors in processes.gather(incomplete) for error in errors]
    if not processes.first:
        return []
    if failures:
        first, *others = failures
        firsts = dict.fromkeys(reason for error in others for reason in error.reasons[:1])
        for reason in firsts:  # each part has logged its further reasons
            if reason not in first.reasons:
                log.warning("left out: %s", reason)
        raise first
    if not warned:
        warn_of_absent_classes(paths)
    return [Run(path) for path in paths]
