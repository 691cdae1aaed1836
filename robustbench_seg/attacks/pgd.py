"""Projected gradient ascent with a constant step size (PGD), and with a single step (FGSM)."""

from collections.abc import Iterator

import numpy as np
from torch import Tensor

from robustbench_seg.attacks.ball import Ball, LinfBall
from robustbench_seg.attacks.iterate import Iterate, Objective, Settings

_RADII = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 12.0)
_STEP_SIZES = (0.0, 8e-4, 9e-4, 1e-3, 2e-3, 3e-3, 5e-3, 6e-3)
"""SEA's step sizes for PGD, SegPGD and CosPGD (arXiv 2306.12941, appendix B) at radii in 1/255."""

_L2_SHARE = 0.4
"""Default step size for L2 in radii: CosPGD uses 0.1 at a radius of 0.25 (arXiv 2302.02213)."""


def pgd(
    objective: Objective, ball: Ball, rng: np.random.Generator, settings: Settings
) -> Iterator[Iterate]:
    """Yield a random image in the ball, then the image after each step (arXiv 1706.06083)."""
    size = default_step_size(ball) if settings.step_size is None else settings.step_size
    yield from _ascent(objective, ball, ball.sample(rng), settings.steps, size)


def fgsm(
    objective: Objective, ball: Ball, rng: np.random.Generator, settings: Settings
) -> Iterator[Iterate]:
    """Yield the clean image, then the image after one step of length radius (arXiv 1412.6572)."""
    yield from _ascent(objective, ball, ball.image, 1, ball.radius)


def _ascent(
    objective: Objective, ball: Ball, start: Tensor, steps: int, size: float
) -> Iterator[Iterate]:
    iterate = objective(start, 0.0)
    yield iterate
    for step in range(1, steps + 1):
        iterate = objective(ascended(ball, iterate, size), step / steps)
        yield iterate


def ascended(ball: Ball, iterate: Iterate, size: float) -> Tensor:
    """Return the image one projected step of length `size` from an iterate."""
    return ball.project(iterate.image + size * ball.direction(iterate.gradient))


def default_step_size(ball: Ball) -> float:
    """Return the step size of pgd for a ball.

    For Linf, SEA's step sizes are interpolated linearly between its radii. Beyond the last of
    these, the step size is proportional to the radius. For L2, it is 0.4 times the radius.
    """
    if not isinstance(ball, LinfBall):
        return _L2_SHARE * ball.radius
    beyond = ball.radius * 255 / _RADII[-1]
    if beyond > 1:
        return beyond * _STEP_SIZES[-1]
    return float(np.interp(ball.radius * 255, _RADII, _STEP_SIZES))
