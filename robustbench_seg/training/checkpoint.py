"""A training on disk, from which it goes on exactly where it was."""

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
"""Its file in the folder of a training."""

SECONDS = 180.0
"""How often a checkpoint is written where no number of steps is given."""

_FORMAT = 2

_BROKEN = (pickle.UnpicklingError, zipfile.BadZipFile, RuntimeError, EOFError, KeyError, TypeError)


@dataclass
class Position:
    """Where a training stands, beside the state of its learner.

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
        facts: Everything that decides what is computed, by name; plain values.
        every: Steps between checkpoints; None means SECONDS. Each validation is followed by one,
            too.
    """

    def __init__(self, path: Path, facts: Mapping[str, object], every: int | None = None) -> None:
        self._path = path
        self._facts = {"format": _FORMAT, **facts}
        self._every = every
        self._written = time.monotonic()

    def due(self, iteration: int, validated: bool) -> bool:
        """Whether to write a checkpoint after `iteration` steps."""
        if self._every is None:
            return validated or time.monotonic() - self._written >= SECONDS
        return validated or iteration % self._every == 0

    def write(self, position: Position, learner: Learner) -> None:
        """Replace the file atomically."""
        state = {
            "facts": self._facts,
            "position": vars(position),
            "learner": learner.state_dict(),
        }
        with atomic_file(self._path) as file:
            torch.save(state, file)
        self._written = time.monotonic()

    def restore(self, learner: Learner) -> Position:
        """Load the file's state into `learner`.

        Returns:
            The position in the file; the start where there is no file.

        Raises:
            ModelError: The file is not readable, or of a training with other facts.
        """
        if not self._path.exists():
            return Position()
        try:
            state = torch.load(self._path, map_location="cpu", weights_only=True)
            facts = state["facts"]
        except _BROKEN as e:
            raise ModelError(
                f"{self._path}: not a readable checkpoint ({type(e).__name__}); remove it to begin "
                "anew"
            ) from None
        differences = [
            f"{name} {facts.get(name)} there and {self._facts.get(name)} here"
            for name in {**self._facts, **facts}
            if facts.get(name) != self._facts.get(name)
        ]
        if differences:
            raise ModelError(
                f"{self._path} is of another training: {'; '.join(differences)}; give another "
                "folder, or remove the file to begin anew"
            )
        learner.load_state_dict(state["learner"])
        return Position(**state["position"])
