"""PAdam: Adam with a projection after each step (arXiv 2407.09150)."""

from collections.abc import Iterator

import numpy as np
import torch

from robustbench_seg.attacks.ball import Ball
from robustbench_seg.attacks.iterate import Evaluate, Iterate
from robustbench_seg.attacks.settings import Settings

_DECAY, _SQUARE_DECAY, _SMALLEST = 0.9, 0.999, 1e-8
_SHARE = 0.25
"""The authors' step size of 2/255 at their radius of 8/255."""


def padam(
    evaluate: Evaluate, ball: Ball, draws: np.random.Generator, settings: Settings
) -> Iterator[Iterate]:
    """Yield a random image of the ball and each step of Adam with amsgrad after it.

    Without a step size it is a quarter of the radius.
    """
    size = _SHARE * ball.radius if settings.step_size is None else settings.step_size
    iterate = evaluate(ball.sample(draws), 0.0)
    yield iterate
    mean = torch.zeros_like(iterate.image)
    square, largest = mean.clone(), mean.clone()
    for step in range(1, settings.steps + 1):
        mean = _DECAY * mean + (1 - _DECAY) * iterate.gradient
        square = _SQUARE_DECAY * square + (1 - _SQUARE_DECAY) * iterate.gradient**2
        largest = torch.maximum(largest, square)
        scale = (largest / (1 - _SQUARE_DECAY**step)).sqrt() + _SMALLEST
        image = ball.project(iterate.image + size / (1 - _DECAY**step) * mean / scale)
        iterate = evaluate(image, step / settings.steps)
        yield iterate
