"""The settings and the type of an optimiser."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from robustbench_seg.attacks.ball import Ball
from robustbench_seg.attacks.iterate import Evaluate, Iterate


@dataclass(frozen=True)
class Settings:
    """Steps of an optimiser.

    Attributes:
        steps: Number of steps, 1 or more.
        step_size: Length of a step on the scale of the image, or None for the optimiser's default.
    """

    steps: int = 1
    step_size: float | None = None


Optimiser = Callable[[Evaluate, Ball, np.random.Generator, Settings], Iterator[Iterate]]
"""(evaluate, ball, random numbers, settings) -> the iterates from which an attack chooses."""
