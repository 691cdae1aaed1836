"""Greenery of minicity: trees and hedges."""

import math

import numpy as np

from robustbench_seg.datasets.minicity.canvas import Canvas, Colour, PaintStep
from robustbench_seg.datasets.minicity.colours import RGB, Rng, shaded
from robustbench_seg.datasets.minicity.frame import ID, Frame, Pose

_GREENS = np.array([[62, 92, 44], [86, 104, 52], [50, 76, 52], [112, 100, 50], [70, 84, 60]])


def hedge(canvas: Canvas, rng: Rng, x: float, z0: float, z1: float) -> PaintStep:
    """A clipped hedge."""
    colour, top = _foliage(rng), rng.uniform(0.9, 2.4)

    def draw() -> None:
        canvas.polygon(
            canvas.across(x, x + math.copysign(1.2, x), 0, top, z0),
            ID["vegetation"],
            shaded(colour, 0.8),
            z0,
            1.3,
        )
        canvas.polygon(
            canvas.along(x, 0, top, z0, z1), ID["vegetation"], colour, (z0 + z1) / 2, 1.3
        )

    return PaintStep(z0, draw)


def tree(canvas: Canvas, rng: Rng, x: float, z: float, height: float, reach: float) -> PaintStep:
    """A tree with a round crown.

    Args:
        canvas: The canvas.
        rng: Generator of the random numbers.
        x: Metres to the right.
        z: Metres ahead.
        height: Its height, in metres.
        reach: Length of its shadow to the side, in metres, negative to the left.
    """
    colour = _foliage(rng)
    bark = shaded((88.0, 72.0, 58.0), rng.uniform(0.6, 1.2))
    leaves = np.random.Generator(np.random.PCG64(int(rng.integers(2**32))))
    canvas.shadow(x, z, 1.6, reach * 1.5)

    def draw() -> None:
        f = Frame(canvas, Pose(x, z), 0.32, height * 0.6)
        f.box("vegetation", bark, 0.0, 0.0, 1.0, 1.0, grain=0.7)
        _leaves(canvas, leaves, x, height * 0.5, z, height * 0.36, colour)

    return PaintStep(z, draw)


def _leaves(
    canvas: Canvas, rng: Rng, x: float, y: float, z: float, radius: float, colour: Colour
) -> None:
    for _ in range(9):
        dx, dy = rng.normal(0, radius * 0.5, 2).tolist()
        r = radius * rng.uniform(0.35, 0.7)
        f = Frame(canvas, Pose(x + dx, z), 2 * r, 2 * r)
        lift = (y + dy) * canvas.focal / z
        f.bottom -= lift
        f.disc("vegetation", shaded(colour, rng.uniform(0.65, 1.3)), 0.5, 0.5, 0.5, 0.5, 9)


def _foliage(rng: Rng) -> RGB:
    base = rng.choice(_GREENS)
    return shaded(base.tolist(), rng.uniform(0.65, 1.25))
