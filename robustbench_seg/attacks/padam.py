"""PAdam: Adam with a projection after each step (arXiv 2407.09150)."""

from collections.abc import Iterator

import numpy as np
import torch

from robustbench_seg.attacks.ball import Ball
from robustbench_seg.attacks.iterate import Iterate, Objective, Settings

_DECAY, _SQUARE_DECAY, _SMALLEST = 0.9, 0.999, 1e-8
_SHARE = 0.25
"""Default step size in radii: the authors use 2/255 at a radius of 8/255."""


def padam(
    objective: Objective, ball: Ball, rng: np.random.Generator, settings: Settings
) -> Iterator[Iterate]:
    """Yield a random image in the ball, then the image after each step of Adam with AMSGrad.

    The default step size is a quarter of the radius.
    """
    size = _SHARE * ball.radius if settings.step_size is None else settings.step_size
    iterate = objective(ball.sample(rng), 0.0)
    yield iterate
    mean = torch.zeros_like(iterate.image)
    square, largest = mean.clone(), mean.clone()
    for step in range(1, settings.steps + 1):
        mean = _DECAY * mean + (1 - _DECAY) * iterate.gradient
        square = _SQUARE_DECAY * square + (1 - _SQUARE_DECAY) * iterate.gradient**2
        largest = torch.maximum(largest, square)
        scale = (largest / (1 - _SQUARE_DECAY**step)).sqrt() + _SMALLEST
        image = ball.project(iterate.image + size / (1 - _DECAY**step) * mean / scale)
        iterate = objective(image, step / settings.steps)
        yield iterate
