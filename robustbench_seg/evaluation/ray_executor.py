"""A study on an existing Ray cluster: a task for each model and block of images.

A task is one part of `evaluate --shard I/N`, with as many parts as there are blocks: it writes
its rows into the run folder on storage that all nodes see, and hands back only what was left out.
So a task that dies with its node is simply done again, by Ray or by the next start.
"""

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from robustbench_seg.errors import IncompleteError, ResultsError, RobustsegError
from robustbench_seg.evaluation.order import OpenOrder, Order
from robustbench_seg.evaluation.run import left_out
from robustbench_seg.machine.allocator import keep_freed_memory
from robustbench_seg.machine.progress import progress_bar
from robustbench_seg.records.shard import Shard

_SHARED = ("CITYSCAPES_DATASET", "GOMP_SPINCOUNT")
"""Environment variables of this command that its tasks see, too."""

RETRIES = 3
"""How often Ray starts a task again whose process or node has died."""


def evaluate_on_ray(order: Order, progress: bool = False) -> list[Path]:
    """Run an order on the cluster of $RAY_ADDRESS, or the one started on this machine.

    Rows equal those of a local run; paths must mean the same on every node. A task takes as many
    CPUs as the network has threads, plus one for each worker beyond the first, and one GPU if the
    device is cuda.

    Returns the run folders. Raises ResultsError without Ray or a cluster, and what study.evaluate
    raises; IncompleteError, after all else is done, also names the blocks whose tasks failed.
    """
    ray = _connect()
    try:
        order = replace(order, threads=order.threads or torch.get_num_threads())
        # The driver may have no GPU; a run's key does not depend on the device.
        opened = replace(order, device="cpu").open()
        folders = opened.folders()
        blocks = opened.study.blocks()
        conditions = len(opened.study.all_conditions)
        task = ray.remote(
            num_cpus=(order.threads or 1) + order.workers - 1,
            num_gpus=int(order.device.startswith("cuda")),
            max_retries=RETRIES,
        )(run_block)
        waiting = {
            task.remote(replace(order, models=(model,)), Shard(i + 1, len(blocks)), folder): (
                model,
                block,
            )
            for model, folder in zip(order.models, folders, strict=True)
            for i, block in enumerate(blocks)
        }
        reasons: dict[str, None] = {}
        total = len(order.models) * len(opened.dataset) * conditions
        with progress_bar(total, disable=not progress) as bar:
            for done, (model, block) in _as_they_end(ray, waiting):
                reasons.update(dict.fromkeys(_outcome(ray, done, model, opened, block)))
                bar.update(len(block) * conditions)
    finally:
        ray.shutdown()
    if reasons:
        raise left_out(tuple(reasons), folders)
    return folders


def run_block(order: Order, shard: Shard, folder: Path) -> tuple[str, ...]:
    """The task: one model on one block. Returns why images were left out, if some were."""
    keep_freed_memory()
    os.chdir(order.folder)
    sys.argv = list(order.argv)  # for run.json, in place of that of Ray's worker
    opened = _opened(order)
    (here,) = opened.folders()
    if here != folder:
        raise ResultsError(
            f"node {os.uname().nodename} would write {here.name}, not {folder.name}: it has other "
            "versions or weights (compare the run.json files); make all nodes alike"
        )
    try:
        opened.evaluate(shard)
    except IncompleteError as error:
        return error.reasons
    return ()


@lru_cache(maxsize=1)
def _opened(order: Order) -> OpenOrder:
    """Kept for the next task of this process: a model is loaded once."""
    return order.open()


def _connect() -> Any:
    try:
        import ray
    except ImportError:
        raise ResultsError(
            "--executor ray needs Ray, which is not installed: pip install 'robustseg[ray]'"
        ) from None
    env = _environment()
    try:
        ray.init("auto", log_to_driver=False, logging_level=logging.ERROR, runtime_env=env)
    except (ConnectionError, ValueError, RuntimeError) as error:
        why = str(error).splitlines()[0]
        raise ResultsError(
            f"no Ray cluster found ({why}): start one with 'ray start --head', or set RAY_ADDRESS"
        ) from None
    return ray


def _environment() -> dict[str, Any]:
    """Nodes have the environment they were started with, not that of this command."""
    found = {name: os.environ[name] for name in _SHARED if os.environ.get(name)}
    return {"env_vars": found} if found else {}


def _as_they_end(ray: Any, waiting: dict[Any, Any]) -> Iterator[tuple[Any, Any]]:
    left = list(waiting)
    while left:
        done, left = ray.wait(left)
        yield from ((one, waiting[one]) for one in done)


def _outcome(
    ray: Any, done: Any, model: str, opened: OpenOrder, block: Sequence[int]
) -> tuple[str, ...]:
    try:
        reasons: tuple[str, ...] = ray.get(done)
        return reasons
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, RobustsegError):
            raise error.cause from None
        why = f"{type(error.cause).__name__}: {error.cause}"
    except ray.exceptions.RayError as error:
        why = f"its process died {RETRIES + 1} times, {type(error).__name__}"
    ids = opened.dataset.ids
    first, last = ids[block[0]], ids[block[-1]]
    return (f"{first} to {last}: {model} failed ({why.splitlines()[0]})",)
