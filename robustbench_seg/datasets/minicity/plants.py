"""Greenery of minicity: trees and hedges."""

import math

import numpy as np

from robustbench_seg.datasets.minicity.canvas import Canvas
from robustbench_seg.datasets.minicity.colours import RGB, Rng, shaded
from robustbench_seg.datasets.minicity.frame import Frame, Pose

_GREENS = np.array([[62, 92, 44], [86, 104, 52], [50, 76, 52], [112, 100, 50], [70, 84, 60]])


def hedge(canvas: Canvas, rng: Rng, x: float, z0: float, z1: float) -> None:
    """A clipped hedge."""
    colour, top = _foliage(rng), rng.uniform(0.9, 2.4)
    end = canvas.across(x, x + math.copysign(1.2, x), 0, top, z0)
    canvas.polygon(end, "vegetation", shaded(colour, 0.8), z0, 1.3)
    side = canvas.along(x, 0, top, z0, z1)
    canvas.polygon(side, "vegetation", colour, (z0 + z1) / 2, 1.3)


def tree(canvas: Canvas, rng: Rng, pose: Pose, height: float) -> None:
    """A tree with a round crown; its height is in metres."""
    colour = _foliage(rng)
    bark = shaded((88.0, 72.0, 58.0), rng.uniform(0.6, 1.2))
    radius = height * 0.36
    f = Frame(canvas, pose, 0.32, height * 0.6)
    f.box("vegetation", bark, 0.0, 0.0, 1.0, 1.0, grain=0.7)
    leaves = np.random.Generator(np.random.PCG64(int(rng.integers(2**32))))
    for _ in range(9):
        dx, dy = leaves.normal(0, radius * 0.5, 2).tolist()
        r = radius * leaves.uniform(0.35, 0.7)
        f = Frame(canvas, Pose(pose.x + dx, pose.z), 2 * r, 2 * r, lift=height * 0.5 + dy)
        f.disc("vegetation", shaded(colour, leaves.uniform(0.65, 1.3)), 0.5, 0.5, 0.5, 0.5, 9)


def _foliage(rng: Rng) -> RGB:
    base = rng.choice(_GREENS)
    return shaded(base.tolist(), rng.uniform(0.65, 1.25))
