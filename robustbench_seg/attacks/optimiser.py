"""The type and the settings of an optimiser of attacks, and the simplest optimiser: noise."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from robustbench_seg.attacks.ball import Ball
from robustbench_seg.attacks.iterate import Iterate, Objective


@dataclass(frozen=True)
class Settings:
    """Steps of an optimiser.

    Attributes:
        steps: Number of steps, 1 or more.
        step_size: Length of a step on the scale of the image, or None for the optimiser's default.
    """

    steps: int = 1
    step_size: float | None = None


Optimiser = Callable[[Objective, Ball, np.random.Generator, Settings], Iterator[Iterate]]
"""(objective, ball, random numbers, settings) -> the iterates from which an attack chooses."""


def noise(
    objective: Objective, ball: Ball, draws: np.random.Generator, settings: Settings
) -> Iterator[Iterate]:
    """Yield one random image in the ball: the control, which does not depend on the network."""
    yield objective(ball.sample(draws), 0.0)
