"""The control: uniform noise of the same radius as an attack."""

from collections.abc import Iterator

import numpy as np

from robustbench_seg.attacks.ball import Ball
from robustbench_seg.attacks.iterate import Evaluate, Iterate
from robustbench_seg.attacks.settings import Settings


def noise(
    evaluate: Evaluate, ball: Ball, draws: np.random.Generator, settings: Settings
) -> Iterator[Iterate]:
    """Yield one random image of the ball. It does not depend on the network."""
    yield evaluate(ball.sample(draws), 0.0)
