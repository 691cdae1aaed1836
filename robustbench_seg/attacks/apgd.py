"""APGD: gradient ascent that controls its own step size, at shrinking radii.

The algorithm is from Croce and Hein (arXiv 2003.01690, section 3). SEA applies it to segmentation
in three phases, at 2, 1.5 and 1 times the radius (arXiv 2306.12941, section 3).
"""

from collections.abc import Iterator

import numpy as np
from torch import Tensor

from robustbench_seg.attacks.ball import Ball
from robustbench_seg.attacks.iterate import Iterate, Objective, Settings, chosen
from robustbench_seg.attacks.pgd import ascended

FACTORS = (2.0, 1.5, 1.0)
"""Radius of each phase, as a multiple of the radius of the attack."""

_MOMENTUM = 0.75
_RISING = 0.75


def apgd(
    objective: Objective, ball: Ball, rng: np.random.Generator, settings: Settings
) -> Iterator[Iterate]:
    """Yield the iterates of the last phase; those of earlier phases may lie outside the ball.

    The first phase starts at a random image in its ball. Each later phase takes the iterate of the
    previous phase with the lowest pixel accuracy, and starts at its projection.
    """
    start = ball.scaled(FACTORS[0]).sample(rng)
    *early, last = zip(FACTORS, phase_steps(settings.steps), strict=True)
    for factor, steps in early:
        wide = ball.scaled(factor)
        if steps:
            start = chosen(
                phase(objective, wide, wide.project(start), steps), "lowest_accuracy"
            ).image
    yield from phase(objective, ball, ball.project(start), last[1])


def phase_steps(steps: int) -> tuple[int, int, int]:
    """Split the steps of an attack into its phases: three tenths, three tenths, the rest."""
    early = 3 * steps // 10
    return early, early, steps - 2 * early


def phase(objective: Objective, ball: Ball, start: Tensor, steps: int) -> Iterator[Iterate]:
    """Run APGD at one radius.

    The step size is controlled by the mean cross-entropy, whatever loss gives the gradient. The
    phase ends early once no pixel is labelled correctly.

    Args:
        objective: See NetworkObjective.
        ball: The allowed images.
        start: The first image.
        steps: Number of steps.

    Yields:
        The first image and the image after each step.
    """
    control = StepControl(steps, 2 * ball.radius)
    iterate = best = objective(start, 0.0)
    before = start
    yield iterate
    for step in range(1, steps + 1):
        if iterate.right == 0:
            return
        image = ascended(ball, iterate, control.size)
        if step > 1:
            image = ball.project(
                iterate.image
                + _MOMENTUM * (image - iterate.image)
                + (1 - _MOMENTUM) * (iterate.image - before)
            )
        before = iterate.image
        new = objective(image, step / steps)
        yield new
        rises = new.cross_entropy > iterate.cross_entropy
        if new.cross_entropy > best.cross_entropy:
            best = new
        iterate = best if control.halves(rises=rises, best=best.cross_entropy) else new


class StepControl:
    """The step size of one phase of APGD (arXiv 2003.01690, section 3.1).

    The first checkpoint comes after 22 % of the steps. Each further interval is shorter by 3 % of
    the steps, but not shorter than 6 %. All of these are rounded down to integers of at least 1.

    Attributes:
        size: The current step size.
    """

    def __init__(self, steps: int, size: float) -> None:
        """Set up the control of a phase of `steps` steps that begins with the step size `size`."""
        self.size = size
        self._interval, self._least, self._less = (
            max(percent * steps // 100, 1) for percent in (22, 6, 3)
        )
        self._taken = self._rising = 0
        self._halved = True
        self._best: float | None = None

    def halves(self, *, rises: bool, best: float) -> bool:
        """Count a step, and at a checkpoint decide whether to halve the step size.

        It is halved if fewer than three quarters of the steps since the last checkpoint raised the
        loss, or if neither the step size nor the best loss has changed since then.

        Args:
            rises: Whether the step has raised the loss.
            best: The highest loss so far.

        Returns:
            Whether the step size is halved. If so, the phase continues from its best iterate.
        """
        self._taken += 1
        self._rising += rises
        if self._taken < self._interval:
            return False
        stalled = not self._halved and self._best == best
        self._halved = self._rising < _RISING * self._interval or stalled
        if self._halved:
            self.size /= 2
        self._best = best
        self._interval = max(self._interval - self._less, self._least)
        self._taken = self._rising = 0
        return self._halved
