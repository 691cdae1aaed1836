"""The checkpoint of a training: its state on disk, from which it continues exactly."""

import pickle
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from robustbench_seg.errors import ModelError
from robustbench_seg.files import atomic_file
from robustbench_seg.training.learner import Learner

CHECKPOINT = "checkpoint.pt"
"""Name of the file in the folder of a training."""

SECONDS = 180.0
"""Seconds between two checkpoints if no number of steps is given."""

_FORMAT = 2

_UNREADABLE = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    RuntimeError,
    EOFError,
    KeyError,
    TypeError,
)
"""The errors of torch.load and of a key lookup for a file that is not a checkpoint."""


@dataclass
class TrainingState:
    """The state of a training, apart from that of its learner.

    Attributes:
        iteration: Optimiser steps taken.
        seconds: Training time, without validation.
        miou: mIoU of the last validation, in percent; NaN before the first.
        losses: Losses of the steps since the log's last row.
        log: The rows of the log.
    """

    iteration: int = 0
    seconds: float = 0.0
    miou: float = float("nan")
    losses: list[Tensor] = field(default_factory=list)
    log: str = ""


class Checkpoint:
    """The checkpoint file of a training.

    Args:
        path: The file.
        facts: See `training_identity`. A checkpoint with other facts is refused.
        every: Steps between checkpoints. None means every SECONDS. A checkpoint also follows each
            validation.
    """

    def __init__(self, path: Path, facts: Mapping[str, object], every: int | None = None) -> None:
        self._path = path
        self._facts = {"format": _FORMAT, **facts}
        self._every = every
        self._written = time.monotonic()

    def due(self, iteration: int, *, validated: bool) -> bool:
        """Whether to write a checkpoint after `iteration` steps."""
        if self._every is None:
            return validated or time.monotonic() - self._written >= SECONDS
        return validated or iteration % self._every == 0

    def write(self, state: TrainingState, learner: Learner) -> None:
        """Replace the file atomically."""
        table = {
            "facts": self._facts,
            "position": vars(state),
            "learner": learner.state_dict(),
        }
        with atomic_file(self._path) as file:
            torch.save(table, file)
        self._written = time.monotonic()

    def restore(self, learner: Learner) -> TrainingState:
        """Load the file's state into `learner`.

        Returns:
            The state in the file; that of a new training if there is no file.

        Raises:
            ModelError: The file is not readable, or belongs to a training with other facts.
        """
        if not self._path.exists():
            return TrainingState()
        try:
            table = torch.load(self._path, map_location="cpu", weights_only=True)
            facts = table["facts"]
        except _UNREADABLE as error:
            raise ModelError(
                f"{self._path}: not a readable checkpoint ({type(error).__name__}); remove it to "
                "start again"
            ) from None
        differences = [
            f"{name} {_text(facts.get(name))} there, {_text(self._facts.get(name))} here"
            for name in {**self._facts, **facts}
            if facts.get(name) != self._facts.get(name)
        ]
        if differences:
            raise ModelError(
                f"{self._path} belongs to another training: {'; '.join(differences)}; give "
                "another folder, or remove the file to start again"
            )
        learner.load_state_dict(table["learner"])
        return TrainingState(**table["position"])


def _text(value: object) -> str:
    return "not set" if value is None else str(value)
