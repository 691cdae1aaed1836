"""Poles of minicity, with a lamp, a traffic light or a traffic sign."""

import math

import numpy as np

from robustbench_seg.datasets.minicity.canvas import Canvas, Colour
from robustbench_seg.datasets.minicity.colours import Rng, paint_colour, shaded
from robustbench_seg.datasets.minicity.frame import Frame, Pose

_PLATES = np.array([[190, 40, 40], [40, 70, 165], [235, 200, 50], [225, 225, 225], [50, 120, 70]])
_LAMPS = ((60.0, 230.0, 110.0), (245.0, 190.0, 50.0), (235.0, 50.0, 45.0))


def pole(canvas: Canvas, rng: Rng, pose: Pose) -> None:
    """A pole with its load."""
    colour, height = shaded(paint_colour(rng), 0.8), rng.uniform(2.8, 5.5)
    load = rng.choice(3, p=(0.22, 0.38, 0.40))
    shape, plate = rng.choice(4), rng.choice(_PLATES).tolist()
    phase, lean = rng.choice(3), math.copysign(0.6, -pose.x)
    f = Frame(canvas, pose, 0.17, height)
    f.box("pole", colour, 0.0, 0.0, 1.0, 1.0)
    if load == 0:
        f.stroke("pole", colour, 0.1, (0.5, 0.99), (0.5 + lean / 0.17 * 2.4, 1.0))
    elif load == 1:
        _traffic_light(Frame(canvas, pose, 0.5, height), height, phase)
    else:
        _traffic_sign(Frame(canvas, pose, 0.85, height), height, shape, plate)


def _traffic_light(f: Frame, height: float, phase: int) -> None:
    low = 1 - 1.15 / height
    f.box("traffic light", (34.0, 36.0, 34.0), 0.0, low, 1.0, 1.0)
    for k, lamp in enumerate(_LAMPS):
        tone = lamp if k == phase else shaded(lamp, 0.28)
        centre = low + (k + 0.5) * (1 - low) / 3
        f.disc("traffic light", tone, 0.5, centre, 0.27, 0.27 * 0.5 / height, 8)


def _traffic_sign(f: Frame, height: float, shape: int, plate: Colour) -> None:
    """A sign of one of four shapes: a disc, a rectangle, a triangle or a diamond."""
    name, rv = "traffic sign", 0.5 * 0.85 / height
    edge = shaded(plate, 1.0)
    middle = shaded(plate, 0.5) if shape % 2 else (228.0, 228.0, 222.0)
    if shape == 0:
        f.disc(name, edge, 0.5, 1 - rv, 0.5, rv, 14)
        f.disc(name, middle, 0.5, 1 - rv, 0.3, 0.6 * rv, 12)
    elif shape == 1:
        f.box(name, edge, 0.0, 1 - 2 * rv, 1.0, 1.0)
        f.box(name, middle, 0.3, 1 - 1.6 * rv, 0.7, 1 - 0.4 * rv)
    elif shape == 2:
        low, high = 1 - 1.6 * rv, 1 - 0.6 * rv
        f.fill(name, edge, (0.0, 1 - 1.9 * rv), (1.0, 1 - 1.9 * rv), (0.5, 1.0))
        f.fill(name, middle, (0.25, low), (0.75, low), (0.5, high))
    else:
        f.disc(name, edge, 0.5, 1 - rv, 0.5, rv, 4)
        f.disc(name, middle, 0.5, 1 - rv, 0.32, 0.64 * rv, 4)
