"""The objects along a street: buildings, walls and fences."""

import math

import numpy as np

from robustbench_seg.datasets.minicity.canvas import Canvas
from robustbench_seg.datasets.minicity.colours import GLASS, Rng, paint_colour, shaded


def building(canvas: Canvas, rng: Rng, x: float, z0: float, z1: float, *, lit: float) -> None:
    """A house from z0 to z1 with its front at x, all in metres.

    Args:
        canvas: The canvas.
        rng: Generator of the random numbers.
        x: Metres to the right.
        z0: Distance of its near end, in metres.
        z1: Distance of its far end, in metres.
        lit: Factor of the light that the front gets.
    """
    colour, roof = paint_colour(rng), rng.uniform(6, 22)
    side = shaded(colour, lit)
    front = shaded(colour, rng.uniform(0.8, 1.0))
    glass = shaded(GLASS, rng.uniform(0.55, 2.4))
    storey, bay = rng.uniform(2.8, 3.6), rng.uniform(2.2, 3.8)
    tall, wide = rng.uniform(0.4, 0.6), rng.uniform(0.35, 0.62)
    sign = math.copysign(1.0, x)
    outer = x + 14 * sign
    label = "building"
    canvas.polygon(canvas.across(x, outer, 0, roof, z0), label, front, z0, 0.35)
    canvas.polygon(canvas.along(x, 0, roof, z0, z1), label, side, (z0 + z1) / 2, 0.35)
    canvas.polygon(canvas.along(x, roof * 0.96, roof, z0, z1), label, shaded(side, 0.7), z0, 0.35)
    canvas.polygon(canvas.along(x, 0, 0.6, z0, z1), label, shaded(side, 0.75), z0, 0.35)
    if z0 > 55:
        return
    floors = np.arange(storey * 0.3, roof - storey * 0.6, storey)
    for k, y in enumerate(floors.tolist()):
        pane = shaded(glass, 1.0 + 0.25 * ((k * 7) % 3 - 1))
        for z in np.arange(z0 + bay * 0.2, z1 - bay * wide, bay).tolist():
            quad = canvas.along(x, y, y + storey * tall, z, z + bay * wide)
            canvas.polygon(quad, label, pane, z, 0.2)
        for u in np.arange(0.8, 13, bay).tolist():
            a, b = sorted((x + sign * u, x + sign * (u + bay * wide)))
            quad = canvas.across(a, b, y, y + storey * tall, z0)
            canvas.polygon(quad, label, pane, z0, 0.2)
    door = canvas.along(x, 0, 2.3, (z0 + z1) / 2, (z0 + z1) / 2 + 1.2)
    canvas.polygon(door, label, shaded(front, 0.45), z0, 0.2)


def wall(canvas: Canvas, rng: Rng, x: float, z0: float, z1: float) -> None:
    """A free-standing wall with its courses and a coping."""
    colour, top = paint_colour(rng), rng.uniform(1.6, 3.2)
    course = rng.uniform(0.3, 0.5)
    end = canvas.across(x, x + math.copysign(0.5, x), 0, top, z0)
    canvas.polygon(end, "wall", shaded(colour, 0.9), z0, 0.6)
    canvas.polygon(canvas.along(x, 0, top, z0, z1), "wall", colour, (z0 + z1) / 2, 0.6)
    for y in np.arange(course, top, course).tolist():
        line = canvas.along(x, y, y + 0.05, z0, min(z1, 40))
        canvas.polygon(line, "wall", shaded(colour, 0.7), z0, 0.4)
    cap = canvas.along(x, top, top + 0.14, z0, z1)
    canvas.polygon(cap, "wall", shaded(colour, 1.2), z0, 0.4)


def fence(canvas: Canvas, rng: Rng, x: float, z0: float, z1: float) -> None:
    """A fence of slats and rails."""
    colour, top = paint_colour(rng), rng.uniform(1.1, 2.2)
    solid = rng.random() < 0.5
    gap = rng.uniform(0.25, 0.6)
    # Slats over a darker backing: the class includes the gaps, as in annotated outlines.
    backing = shaded(colour, 0.5 if solid else 0.3)
    canvas.polygon(canvas.along(x, 0.05, top, z0, z1), "fence", backing, z0, 0.9)
    for z in np.arange(z0, min(z1, 45), gap * (1 if z0 < 15 else 2)).tolist():
        slat = canvas.along(x, 0.0, top * 1.06, z, z + gap * 0.5)
        canvas.polygon(slat, "fence", colour, z, 0.3)
    for y in (0.25 * top, 0.85 * top):
        rail = canvas.along(x, y, y + 0.1, z0, z1)
        canvas.polygon(rail, "fence", shaded(colour, 1.15), z0, 0.3)
