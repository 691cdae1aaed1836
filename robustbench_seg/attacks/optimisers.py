"""The optimisers of attacks by name."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from robustbench_seg.attacks.apgd import apgd
from robustbench_seg.attacks.ball import Ball
from robustbench_seg.attacks.iterate import Iterate, Objective, Settings
from robustbench_seg.attacks.padam import padam
from robustbench_seg.attacks.pgd import fgsm, pgd
from robustbench_seg.records.values.attacks import OptimiserName

Optimiser = Callable[[Objective, Ball, np.random.Generator, Settings], Iterator[Iterate]]
"""(objective, ball, random numbers, settings) -> the iterates from which an attack chooses."""


def noise(
    objective: Objective, ball: Ball, rng: np.random.Generator, settings: Settings
) -> Iterator[Iterate]:
    """Yield one random image in the ball: the control, which does not depend on the network."""
    yield objective(ball.sample(rng), 0.0)


OPTIMISERS: Mapping[OptimiserName, Optimiser] = {
    "noise": noise,
    "fgsm": fgsm,
    "pgd": pgd,
    "apgd": apgd,
    "padam": padam,
}
"""Maps the name of an optimiser to the function that yields the iterates of a run."""
