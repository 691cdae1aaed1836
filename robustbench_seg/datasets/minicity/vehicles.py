"""Vehicles of minicity, from the side or from behind."""

from robustbench_seg.datasets.minicity.canvas import Canvas
from robustbench_seg.datasets.minicity.colours import GLASS, TYRE, Rng, paint_colour, shaded
from robustbench_seg.datasets.minicity.frame import Frame, Pose


def car(canvas: Canvas, rng: Rng, pose: Pose) -> None:
    """A car from the side or from behind."""
    body, glass = paint_colour(rng), shaded(GLASS, rng.uniform(0.6, 2.2))
    dark, light = shaded(body, 0.62), shaded(body, 1.18)
    if pose.from_side:
        f = Frame(canvas, pose, rng.uniform(3.9, 4.6), rng.uniform(1.4, 1.65))
        f.fill("car", body, (0.0, 0.15), (0.0, 0.5), (0.2, 0.58), (0.98, 0.56), (1.0, 0.15))
        f.fill("car", body, (0.17, 0.55), (0.32, 1.0), (0.72, 1.0), (0.88, 0.55))
        f.fill("car", glass, (0.23, 0.58), (0.35, 0.93), (0.5, 0.93), (0.5, 0.58))
        f.fill("car", glass, (0.53, 0.58), (0.53, 0.93), (0.7, 0.93), (0.82, 0.58))
        f.box("car", dark, 0.0, 0.12, 1.0, 0.24)
        for u in (0.2, 0.8):
            f.disc("car", TYRE, u, 0.2, 0.085, 0.22)
            f.disc("car", shaded((150, 150, 150), 0.9), u, 0.2, 0.045, 0.11)
        return
    f = Frame(canvas, pose, rng.uniform(1.7, 1.9), rng.uniform(1.4, 1.7))
    f.box("car", TYRE, 0.05, 0.0, 0.25, 0.3)
    f.box("car", TYRE, 0.75, 0.0, 0.95, 0.3)
    f.box("car", body, 0.0, 0.16, 1.0, 0.6)
    f.fill("car", dark, (0.06, 0.58), (0.18, 1.0), (0.82, 1.0), (0.94, 0.58))
    f.fill("car", glass, (0.13, 0.62), (0.22, 0.93), (0.78, 0.93), (0.87, 0.62))
    f.box("car", light, 0.0, 0.42, 1.0, 0.5)
    lamp = (205.0, 40.0, 35.0) if rng.random() < 0.6 else (240.0, 235.0, 210.0)
    f.box("car", lamp, 0.03, 0.44, 0.2, 0.56)
    f.box("car", lamp, 0.8, 0.44, 0.97, 0.56)
    f.box("car", (225.0, 225.0, 215.0), 0.38, 0.28, 0.62, 0.38)


def truck(canvas: Canvas, rng: Rng, pose: Pose) -> None:
    """A lorry: a cab and a taller box with only a frame on it."""
    cab, box = paint_colour(rng), paint_colour(rng)
    if pose.from_side:
        f = Frame(canvas, pose, rng.uniform(6.5, 8.0), rng.uniform(3.1, 3.6))
        f.box("truck", (45.0, 45.0, 48.0), 0.0, 0.12, 1.0, 0.24)
        f.box("truck", box, 0.27, 0.22, 1.0, 1.0)
        for u in (0.28, 0.63, 0.98):
            f.box("truck", shaded(box, 0.75), u - 0.012, 0.22, u + 0.012, 1.0)
        f.fill("truck", cab, (0.0, 0.14), (0.0, 0.5), (0.05, 0.8), (0.24, 0.8), (0.24, 0.14))
        f.fill("truck", shaded(GLASS, 1.2), (0.03, 0.5), (0.07, 0.74), (0.2, 0.74), (0.2, 0.5))
        for u in (0.11, 0.72, 0.88):
            f.disc("truck", TYRE, u, 0.12, 0.062, 0.13)
        return
    f = Frame(canvas, pose, rng.uniform(2.4, 2.6), rng.uniform(3.2, 3.7))
    f.box("truck", TYRE, 0.06, 0.0, 0.26, 0.16)
    f.box("truck", TYRE, 0.74, 0.0, 0.94, 0.16)
    f.box("truck", (50.0, 50.0, 52.0), 0.02, 0.1, 0.98, 0.24)
    f.box("truck", box, 0.0, 0.22, 1.0, 1.0)
    f.box("truck", shaded(box, 0.7), 0.48, 0.25, 0.52, 0.97)
    f.box("truck", shaded(box, 0.8), 0.0, 0.95, 1.0, 1.0)
    for u in (0.05, 0.83):
        f.box("truck", (200.0, 45.0, 40.0), u, 0.15, u + 0.12, 0.2)


def bus(canvas: Canvas, rng: Rng, pose: Pose) -> None:
    """A bus: one box with a band of windows."""
    body, glass = paint_colour(rng), shaded(GLASS, rng.uniform(0.7, 1.9))
    if pose.from_side:
        f = Frame(canvas, pose, rng.uniform(8.5, 10.5), rng.uniform(2.9, 3.2))
        f.box("bus", body, 0.0, 0.1, 1.0, 1.0)
        f.box("bus", glass, 0.03, 0.45, 0.97, 0.85)
        for k in range(1, 8):
            f.box("bus", body, k / 8 - 0.008, 0.45, k / 8 + 0.008, 0.85)
        for u in (0.06, 0.45):
            f.box("bus", shaded(glass, 0.8), u, 0.14, u + 0.08, 0.85)
        f.box("bus", shaded(body, 0.7), 0.0, 0.1, 1.0, 0.18)
        for u in (0.2, 0.8):
            f.disc("bus", TYRE, u, 0.13, 0.05, 0.15)
        return
    f = Frame(canvas, pose, rng.uniform(2.4, 2.6), rng.uniform(2.9, 3.2))
    f.box("bus", TYRE, 0.06, 0.0, 0.26, 0.16)
    f.box("bus", TYRE, 0.74, 0.0, 0.94, 0.16)
    f.box("bus", body, 0.0, 0.1, 1.0, 1.0)
    f.box("bus", glass, 0.08, 0.45, 0.92, 0.82)
    f.box("bus", (235.0, 190.0, 60.0), 0.25, 0.86, 0.75, 0.95)
    for u in (0.03, 0.85):
        f.box("bus", (205.0, 45.0, 40.0), u, 0.2, u + 0.12, 0.3)


def train(canvas: Canvas, rng: Rng, pose: Pose) -> None:
    """A tram, taller and longer than a bus, with a pantograph and a skirt down to the rails."""
    body, stripe = paint_colour(rng), paint_colour(rng)
    glass = shaded(GLASS, rng.uniform(0.7, 1.9))
    if pose.from_side:
        f = Frame(canvas, pose, rng.uniform(15.0, 20.0), rng.uniform(3.5, 3.8))
        f.fill("train", body, (0.0, 0.03), (0.0, 0.45), (0.05, 0.9), (1.0, 0.9), (1.0, 0.03))
        f.box("train", stripe, 0.0, 0.32, 1.0, 0.42)
        f.fill("train", glass, (0.01, 0.48), (0.045, 0.8), (0.08, 0.8), (0.08, 0.48))
        for k in range(9):
            f.box("train", glass, 0.11 + k * 0.1, 0.48, 0.18 + k * 0.1, 0.8)
        f.box("train", shaded(body, 0.5), 0.0, 0.03, 1.0, 0.12)
        f.box("train", shaded(body, 0.6), 0.1, 0.9, 0.4, 0.96)
        return
    f = Frame(canvas, pose, rng.uniform(2.5, 2.8), rng.uniform(3.5, 3.8))
    f.fill(
        "train", body, (0.0, 0.03), (0.0, 0.7), (0.12, 0.92), (0.88, 0.92), (1.0, 0.7), (1.0, 0.03)
    )
    f.fill("train", glass, (0.08, 0.42), (0.16, 0.8), (0.84, 0.8), (0.92, 0.42))
    f.box("train", stripe, 0.0, 0.26, 1.0, 0.36)
    f.box("train", (240.0, 160.0, 50.0), 0.3, 0.83, 0.7, 0.9)
    f.disc("train", (245.0, 245.0, 225.0), 0.18, 0.2, 0.07, 0.035)
    f.disc("train", (245.0, 245.0, 225.0), 0.82, 0.2, 0.07, 0.035)
    f.box("train", shaded(body, 0.45), 0.0, 0.03, 1.0, 0.1)
