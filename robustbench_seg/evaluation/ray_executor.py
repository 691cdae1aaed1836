"""An evaluation on an existing Ray cluster: a task for each model and block of images.

A task is one part of `evaluate --shard I/N`, with as many parts as there are blocks: it writes
its rows into the run folder on shared storage, and returns only the reasons for images left out.
If a task dies with its node, Ray or the next start repeats it.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from robustbench_seg.errors import OptionError, ResultsError, RobustsegError
from robustbench_seg.evaluation.backend_choice import choose_backends
from robustbench_seg.evaluation.inputs.corrupted_tree import corrupted_tree
from robustbench_seg.evaluation.inputs.evaluation import Evaluation
from robustbench_seg.evaluation.inputs.opening import open_evaluation
from robustbench_seg.evaluation.loop import LeftOutError, left_out_error, run_evaluation
from robustbench_seg.evaluation.notices import announce, warn_of_absent_classes
from robustbench_seg.evaluation.run_records import run_record
from robustbench_seg.evaluation.temperature_fit import run_temperature
from robustbench_seg.machine.allocator import keep_freed_memory
from robustbench_seg.machine.progress import progress_bar
from robustbench_seg.machine.signals import same_handlers
from robustbench_seg.machine.threads import torch_threads
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.records.values.shard import WHOLE, Shard
from robustbench_seg.segmenter.loading.backends import backend_of
from robustbench_seg.store import RunFolder

_SHARED = ("CITYSCAPES_DATASET", "GOMP_SPINCOUNT")
"""Environment variables that are passed to the tasks."""

RETRIES = 3
"""How often Ray restarts a task whose process or node has died."""


def evaluate_on_ray(spec: EvaluationSpec, *, progress: bool = False) -> list[Path]:
    """Run a specification on the cluster of $RAY_ADDRESS, or the one started on this machine.

    Rows equal those of a local run; paths must mean the same on every node. A task takes as many
    CPUs as the network has threads, plus one for each worker beyond the first, and one GPU if the
    device is cuda.

    Args:
        spec: The specification.
        progress: Whether to show a progress bar on stderr.

    Returns:
        The run folders.

    Raises:
        OptionError: Ray or a cluster is missing.
        IncompleteError: Images were left out, or the tasks of some blocks failed. Raised at the
            end.
        RobustsegError: As in run_evaluation.
    """
    ray = _connect()
    try:
        spec = replace(spec, threads=spec.threads or torch.get_num_threads())
        if spec.backend == "auto" and spec.device != "cpu":
            spec = replace(spec, backend="torch")
        # The driver may have no GPU; the key of a run does not depend on the device.
        opened = choose_backends(open_evaluation(replace(spec, device="cpu")))
        warned = announce(opened, shown=progress)
        workers = replace(opened, spec=spec).workers
        remote = ray.remote(
            num_cpus=(spec.threads or 1) + workers - 1,
            num_gpus=int(spec.device.startswith("cuda")),
            max_retries=RETRIES,
        )(run_block)
        tasks = [task for drawn in opened.by_seed() for task in _tasks(drawn, spec.device)]
        folders = list(dict.fromkeys(task.folder for task in tasks))
        waiting = {remote.remote(task.spec, task.folder): task for task in tasks}
        reasons = dict[str, bool]()
        total = sum(task.images for task in tasks)
        with progress_bar(total, disable=not progress) as bar:
            for done, task in _as_they_end(ray, waiting):
                reasons.update(_outcome(ray, done, task, opened))
                bar.update(task.images)
    finally:
        ray.shutdown()
    if reasons:
        raise left_out_error(reasons, folders, spec.dataset)
    if not warned:
        warn_of_absent_classes(folders)
    return folders


@dataclass(frozen=True)
class _Task:
    """One model on one block.

    Attributes:
        spec: The specification of the task.
        folder: The run folder.
        block: Indices of the images.
        images: Number of images that the task scores, counted once per condition.
    """

    spec: EvaluationSpec
    folder: Path
    block: range
    images: int

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.spec.models[0]


def _tasks(evaluation: Evaluation, device: str) -> Iterator[_Task]:
    """Split an evaluation of one seed into tasks that run on a device."""
    spec, blocks = evaluation.spec, evaluation.blocks
    models = zip(spec.models, evaluation.segmenters, _folders(evaluation), strict=True)
    for model, segmenter, folder in models:
        backend = backend_of(segmenter) if spec.backend == "auto" else spec.backend
        for number, block in enumerate(blocks, 1):
            part = replace(
                spec,
                models=(model,),
                shard=Shard(number, len(blocks)),
                device=device,
                backend=backend,
                executor="local",
            )
            yield _Task(part, folder, block, len(block) * len(evaluation.all_conditions))


def run_block(spec: EvaluationSpec, folder: Path) -> Mapping[str, bool]:
    """The task: one model on one block. Returns why images were left out; see LeftOutError."""
    keep_freed_memory()
    os.chdir(spec.folder)
    with torch_threads(spec.threads):
        return _run_block(spec, folder)


def _run_block(spec: EvaluationSpec, folder: Path) -> Mapping[str, bool]:
    evaluation = replace(_opened(replace(spec, shard=WHOLE)), spec=spec)
    (here,) = _folders(evaluation)
    if here != folder:
        raise ResultsError(
            f"node {os.uname().nodename} would write {here.name}, not {folder.name}, because it "
            "has other weights or data (compare the run.json files); install the same on all "
            "nodes"
        )
    try:
        run_evaluation(evaluation)
    except LeftOutError as error:
        return error.is_failure
    return {}


@lru_cache(maxsize=1)
def _opened(spec: EvaluationSpec) -> Evaluation:
    """Opened once per process, so that tasks share the loaded model."""
    return open_evaluation(spec)


def _folders(evaluation: Evaluation) -> list[Path]:
    """Return the run folders, which the workers create if they do not exist yet."""
    tree = corrupted_tree(evaluation)
    records = [
        run_record(evaluation, segmenter, tree, run_temperature(evaluation, segmenter))
        for segmenter in evaluation.segmenters
    ]
    return [RunFolder.path_of(evaluation.spec.out, record) for record in records]


def _connect() -> Any:
    try:
        import ray
    except ImportError:
        raise OptionError(
            "the executor ray needs Ray, which is not installed: pip install 'robustseg[ray]'"
        ) from None
    env = _environment()
    try:
        with same_handlers():
            ray.init("auto", log_to_driver=False, logging_level=logging.ERROR, runtime_env=env)
    except (ConnectionError, ValueError, RuntimeError) as error:
        why = str(error).splitlines()[0]
        raise OptionError(
            f"no Ray cluster found ({why}); start one with 'ray start --head', or set RAY_ADDRESS"
        ) from None
    return ray


def _environment() -> Mapping[str, Mapping[str, str]]:
    """Environment variables for tasks, because nodes lack the environment of this command."""
    found = {name: os.environ[name] for name in _SHARED if os.environ.get(name)}
    return {"env_vars": found} if found else {}


def _as_they_end(ray: Any, waiting: Mapping[Any, _Task]) -> Iterator[tuple[Any, _Task]]:
    left = list(waiting)
    while left:
        done, left = ray.wait(left)
        yield from ((one, waiting[one]) for one in done)


def _outcome(ray: Any, done: Any, task: _Task, opened: Evaluation) -> Mapping[str, bool]:
    """Return why images of a task were left out; see LeftOutError."""
    try:
        reasons: Mapping[str, bool] = ray.get(done)
        return reasons
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, RobustsegError):
            raise error.cause from None
        why = f"{type(error.cause).__name__}: {error.cause}"
    except ray.exceptions.RayError as error:
        why = f"its process died {RETRIES + 1} times, {type(error).__name__}"
    ids = opened.dataset.ids
    first, last = ids[task.block[0]], ids[task.block[-1]]
    return {f"{first} to {last}: {task.model} failed ({why.splitlines()[0]})": False}
