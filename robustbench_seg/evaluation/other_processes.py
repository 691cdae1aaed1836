"""Several processes of one machine that compute the images of an evaluation on its CPUs.

Several networks with few threads each can be faster than one network with many threads. Each
process computes a shard, as one of several machines would. The process that started them then
computes the remaining images: it tries failed images once more, and it alone gives warnings and
errors.

The processes map one file with the weights into their memory, so that these exist once.
"""

import ctypes
import logging
import multiprocessing
import os
import pickle
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from robustbench_seg.datasets import EvaluationDataset
from robustbench_seg.errors import OptionError, ResultsError
from robustbench_seg.evaluation.arguments import GivenObjects
from robustbench_seg.evaluation.block_loop import BlockLoop, wanted_images
from robustbench_seg.evaluation.images.image_watch import UnchangedImages
from robustbench_seg.evaluation.inputs.evaluation import Evaluation
from robustbench_seg.evaluation.inputs.opening import open_evaluation, options_on_data
from robustbench_seg.evaluation.model_run import ModelRun
from robustbench_seg.evaluation.run_opening import opened_runs
from robustbench_seg.machine.allocator import keep_freed_memory
from robustbench_seg.machine.pool import run_in_processes
from robustbench_seg.machine.threads import torch_threads
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.records.values.shard import Shard
from robustbench_seg.segmenter import load_named
from robustbench_seg.segmenter.loading.backends import backend_of


def check_objects(objects: GivenObjects) -> None:
    """Check that the objects of a caller can be sent to other processes.

    Raises:
        OptionError: One of them cannot be pickled.
    """
    named = {"the dataset": objects.dataset, "the protocol": objects.protocol}
    for what, value in [*named.items(), *((one.name, one) for one in objects.segmenters)]:
        with open(os.devnull, "wb") as nowhere:
            if problem := _pickling_problem(value, nowhere):
                raise OptionError(
                    f"processes: {what} cannot be sent to another process ({problem}); leave out "
                    "processes, or define it in a module"
                )


def _pickling_problem(value: object, file: Any) -> str | None:
    try:
        pickle.Pickler(file).dump(value)
    except Exception as error:  # pickle raises errors of any type
        return (str(error).splitlines() or [type(error).__name__])[0]
    return None


class OtherProcesses:
    """The processes of an evaluation; a context manager, which removes their shared files."""

    def __init__(self, evaluation: Evaluation) -> None:
        """`evaluation`: an evaluation of one seed."""
        self._evaluation = evaluation
        # Without a lock: a killed process that holds a lock would block all others.
        self._scored = multiprocessing.RawArray(ctypes.c_int64, evaluation.spec.processes)
        self._folder = tempfile.TemporaryDirectory(prefix="robustseg-")

    def __enter__(self) -> "OtherProcesses":
        _share(self._evaluation, Path(self._folder.name))
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def compute(
        self,
        conditions: Sequence[Condition],
        runs: Sequence[ModelRun],
        progress: Callable[[int], None],
    ) -> UnchangedImages:
        """Compute the missing results of the runs under some conditions, as far as possible.

        Args:
            conditions: The conditions.
            runs: The runs, opened in this process. They read what the others have written.
            progress: Called from time to time with the number of images that all of them have
                scored.

        Returns:
            The corrupted images that equal their clean image.

        Raises:
            ResultsError: A process died.
            RobustsegError: As for `run_evaluation`; computed results are kept.
        """
        evaluation, unchanged = self._evaluation, UnchangedImages()
        incomplete = [
            block
            for block in evaluation.blocks
            if any(True for _ in wanted_images(evaluation, block, conditions, runs))
        ]
        count = min(evaluation.spec.processes, len(evaluation.blocks))
        if len(incomplete) > 1 and count > 1:
            spec = replace(evaluation.spec, threads=torch.get_num_threads())
            work = _Work(Path(self._folder.name), spec, count, tuple(conditions), self._scored)
            try:
                run_in_processes(
                    work,
                    count,
                    count,
                    unchanged.add,
                    died=ResultsError(
                        "a process died, perhaps because memory ran out; finished work is kept: "
                        "run again with fewer processes"
                    ),
                    tick=lambda: progress(sum(self._scored)),
                )
            finally:
                for run in runs:
                    run.folder.read_parts()
        return unchanged


@dataclass(frozen=True)
class _Work:
    """The work of the processes: work(index, stopped) computes one of `count` shards.

    Attributes:
        folder: Their shared files; see `_share`.
        spec: The specification.
        count: Number of shards.
        conditions: The conditions.
        scored: Number of images that each of them has scored.
    """

    folder: Path
    spec: EvaluationSpec
    count: int
    conditions: tuple[Condition, ...]
    scored: "ctypes.Array[ctypes.c_int64]"

    def __call__(self, index: int, stopped: Callable[[], bool]) -> UnchangedImages:
        logging.disable()  # the process that started this one finds the error again
        keep_freed_memory()
        own = self.spec.shard.subshard(Shard(index + 1, self.count))
        with torch_threads(self.spec.threads):
            evaluation = _opened(replace(self.spec, shard=own, processes=1), self.folder)
            with opened_runs(evaluation) as (runs, maker):
                before = self.scored[index]

                def progressed() -> None:
                    self.scored[index] = before + sum(run.outcomes.scored for run in runs)
                    if stopped():
                        # The process that started this one reports the reason.
                        raise KeyboardInterrupt

                loop = BlockLoop(evaluation, runs, maker, progressed)
                loop.run(self.conditions)
        return loop.unchanged


def _share(evaluation: Evaluation, folder: Path) -> None:
    """Write an evaluation's objects to files for other processes.

    Args:
        evaluation: The evaluation.
        folder: The folder for data.pt, segmenter-0.pt, segmenter-1.pt and so on. A segmenter that
            cannot be pickled, such as a session of a runtime, has options-0.pt instead: the
            processes load it by name.
    """
    torch.save((evaluation.dataset, evaluation.protocol), folder / "data.pt")
    options = options_on_data(evaluation.spec, evaluation.dataset, evaluation.class_map)
    for number, segmenter in enumerate(evaluation.segmenters):
        path = folder / f"segmenter-{number}.pt"
        try:
            torch.save(segmenter, path)
        except Exception:  # pickle raises errors of any type
            path.unlink(missing_ok=True)
            backend = backend_of(segmenter) if options.backend == "auto" else options.backend
            torch.save(replace(options, backend=backend), folder / f"options-{number}.pt")


def _opened(spec: EvaluationSpec, folder: Path) -> Evaluation:
    """Open the evaluation again, with the objects of `_share`."""
    data: tuple[EvaluationDataset, Protocol] = _read(folder / "data.pt")
    dataset, protocol = data
    segmenters = []
    for number, model in enumerate(spec.models):
        path = folder / f"segmenter-{number}.pt"
        if path.exists():
            segmenters.append(_read(path))
        else:
            options = _read(folder / f"options-{number}.pt")
            segmenters.append(load_named(model, options))
    return open_evaluation(spec, segmenters=segmenters, dataset=dataset, protocol=protocol)


def _read(path: Path) -> Any:
    """Read a file of this program; its tensors are parts of the file in shared memory."""
    return torch.load(path, mmap=True, weights_only=False)
