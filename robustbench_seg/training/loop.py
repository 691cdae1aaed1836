"""The training loop, which trains a network on batches and writes a log."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from robustbench_seg.datasets import LabelledSamples
from robustbench_seg.errors import ModelError
from robustbench_seg.files import check_own, remove_partials
from robustbench_seg.machine.torchrun import Processes, process_group
from robustbench_seg.measures import mean_iou
from robustbench_seg.records.specs.training_spec import TrainingSpec
from robustbench_seg.records.values.choices import Precision
from robustbench_seg.training.batches import Batches, BatchNormaliser, iterate_batches
from robustbench_seg.training.checkpoint import CHECKPOINT, Checkpoint
from robustbench_seg.training.identity import training_identity
from robustbench_seg.training.initial_network import InitialNetwork
from robustbench_seg.training.learner import Learner
from robustbench_seg.training.schedule import progress
from robustbench_seg.training.training_log import Clock, TrainingLog
from robustbench_seg.training.validation import validate

LOG_EVERY = 20
"""Number of steps between two rows of the log with a loss."""

_BAR = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"


@dataclass(frozen=True)
class FitResult:
    """The results of a finished training.

    Attributes:
        iterations: Optimiser steps taken.
        seconds: Training time of the first process, without validation.
        views: Augmented images seen.
        miou: mIoU at the end on the validation split, in percent. NaN in all processes except the
            first.
    """

    iterations: int
    seconds: float
    views: int
    miou: float


def fit(
    spec: TrainingSpec,
    initial: InitialNetwork,
    images: LabelledSamples,
    validation: LabelledSamples,
) -> FitResult:
    """Train a network in place; it ends in eval mode on the CPU.

    The folder then holds log.csv, log.png and checkpoint.pt. A row of the log has the iteration,
    the seconds of training, the learning rate of the backbone, the mean loss since the last row,
    and the mIoU in percent on `validation`. With a checkpoint in the folder, the training
    continues from it as if it had never been interrupted. Processes started by torchrun share each
    batch; only the first validates and writes.

    Args:
        spec: The recipe, the folder and the machine. Its device is that of this process.
        initial: The network, and its card with the image preparation.
        images: The split to train on.
        validation: The split to measure the mIoU on.

    Returns:
        Steps, time and mIoU.

    Raises:
        ModelError: The loss is not finite, or the checkpoint is unreadable or belongs to another
            training.
        OptionError: The batch cannot be shared evenly.
    """
    with process_group(spec.device) as processes:
        return _Trainer(spec, initial, images, validation, processes).fit()


class _Trainer:
    """One training: its state, and the work after each step.

    Only the first process has a log; `_log` is None in the others, which only take steps.
    """

    def __init__(
        self,
        spec: TrainingSpec,
        initial: InitialNetwork,
        images: LabelledSamples,
        validation: LabelledSamples,
        processes: Processes,
    ) -> None:
        self._spec = spec
        self._card = initial.card
        self._validation = validation
        self._processes = processes
        self._normalise = BatchNormaliser(initial.card.preprocessing, spec.device)
        slots = processes.batch_part(spec.recipe.batch)
        self._batches = Batches(images, spec.recipe, initial.card, slots)
        self._learner = Learner(
            initial.network, spec.recipe, spec.device, spec.precision, processes
        )
        path = spec.out / CHECKPOINT
        if processes.first:
            remove_partials(spec.out)
            if not path.exists():
                header = ",".join(TrainingLog.COLUMNS)
                check_own(spec.out / "log.csv", header, spec.out / "log.png")
        identity = training_identity(spec, initial, images)
        self._checkpoint = Checkpoint(path, identity, spec.checkpoint_every)
        self._state = self._checkpoint.restore(self._learner)
        processes.check_same(self._state.iteration, f"the iteration of {path}")
        self._log = TrainingLog(spec.out, self._state.log) if processes.first else None
        self._clock = Clock(self._state.seconds)
        self._progress = progress(spec.recipe, self._state.iteration, self._state.seconds)

    def fit(self) -> FitResult:
        """Take the remaining steps."""
        spec, state = self._spec, self._state
        pinned = torch.device(spec.device).type == "cuda"
        batches = iterate_batches(self._batches, spec.workers, state.iteration, pinned=pinned)
        with self._progress_bar() as bar:
            while self._progress < 1:
                before = self._progress
                lr = self._step(*next(batches))
                bar.update(self._progress - before)
                validated = self._is_due(spec.validate_every)
                if self._is_due(LOG_EVERY):
                    self._log_loss(lr, bar)
                if self._log is None:
                    continue
                if validated:
                    self._log_validation(lr, self._log, bar)
                state.seconds, state.log = self._clock.seconds, self._log.rows
                if self._checkpoint.due(state.iteration, validated=validated):
                    self._checkpoint.write(state, self._learner)
        self._learner.finish()
        views = state.iteration * spec.recipe.batch
        return FitResult(state.iteration, state.seconds, views, state.miou)

    def _step(self, images: Tensor, labels: Tensor) -> float:
        """Take a step; return the learning rate of the backbone."""
        state, recipe = self._state, self._spec.recipe
        lr, loss = self._learner.step(
            self._normalise(images), labels, state.iteration, self._progress
        )
        state.losses.append(loss)  # read the loss later, because reading waits for the GPU
        state.iteration += 1
        self._progress = progress(recipe, state.iteration, self._clock.seconds)
        if recipe.minutes:  # each process has its own clock
            self._progress = self._processes.broadcast(self._progress, self._spec.device)
        return lr

    def _is_due(self, every: int | None) -> bool:
        """Whether an action that repeats after `every` steps, and at the end, is due now."""
        return self._progress == 1 or (every is not None and self._state.iteration % every == 0)

    def _log_loss(self, lr: float, bar: "tqdm[Any]") -> None:
        """Log the mean loss since the last row; every process checks that it is finite."""
        state = self._state
        loss = _finite_mean(state.losses, state.iteration, self._spec.precision)
        state.losses.clear()
        bar.set_postfix(iteration=state.iteration, loss=f"{loss:.3f}")
        if self._log is not None:
            self._log.add(state.iteration, self._clock.seconds, lr, loss=loss)

    def _log_validation(self, lr: float, log: TrainingLog, bar: "tqdm[Any]") -> None:
        """Measure and log the mIoU; its time does not count as training time."""
        state = self._state
        with self._clock.paused():
            matrix = validate(self._learner.result, self._validation, self._card, self._spec.device)
            state.miou = mean_iou(matrix)
            log.add(state.iteration, self._clock.seconds, lr, miou=state.miou)
            log.draw()
        bar.write(f"iteration {state.iteration}: mIoU {state.miou:.2f} %", sys.stderr)

    @contextmanager
    def _progress_bar(self) -> Iterator["tqdm[Any]"]:
        """A progress bar on stderr in the first process; it starts at the finished share."""
        share, hidden = self._progress, self._log is None
        with tqdm(total=1.0, initial=share, bar_format=_BAR, desc="train", disable=hidden) as bar:
            if 0 < share < 1:
                bar.write(f"continues from iteration {self._state.iteration}", sys.stderr)
            yield bar


def _finite_mean(losses: list[Tensor], iteration: int, precision: Precision) -> float:
    value = float(torch.stack([loss.cpu() for loss in losses]).mean())
    if not np.isfinite(value):
        # In fp16 activations overflow. The random numbers of a step depend only on its number, so a
        # second attempt would overflow again.
        way = "use precision bf16" if precision == "fp16" else "lower lr or lengthen the warm-up"
        raise ModelError(f"the loss is {value} at iteration {iteration}; {way}")
    return value
