"""People of minicity, on foot and on two wheels, and the two-wheelers themselves."""

from robustbench_seg.datasets.minicity.canvas import Canvas
from robustbench_seg.datasets.minicity.colours import TYRE, Rng, paint_colour, shaded
from robustbench_seg.datasets.minicity.frame import CIRCLE, Frame, Pose


def person(canvas: Canvas, rng: Rng, pose: Pose) -> None:
    """A person who stands or walks."""
    skin = shaded((215.0, 170.0, 140.0), rng.uniform(0.45, 1.1))
    coat, legs = paint_colour(rng), shaded(paint_colour(rng), 0.7)
    f = Frame(canvas, pose, 0.75, rng.uniform(1.5, 1.9))
    stride = rng.uniform(0.0, 0.22) if pose.from_side else 0.08
    f.fill(
        "person",
        legs,
        (0.5 - stride - 0.1, 0.0),
        (0.36, 0.5),
        (0.54, 0.5),
        (0.5 - stride + 0.06, 0.0),
    )
    f.fill(
        "person",
        shaded(legs, 0.85),
        (0.5 + stride - 0.06, 0.0),
        (0.46, 0.5),
        (0.64, 0.5),
        (0.5 + stride + 0.1, 0.0),
    )
    f.fill(
        "person", coat, (0.3, 0.44), (0.26, 0.8), (0.4, 0.86), (0.6, 0.86), (0.74, 0.8), (0.7, 0.44)
    )
    f.fill("person", shaded(coat, 0.8), (0.2, 0.46), (0.24, 0.8), (0.34, 0.8), (0.3, 0.46))
    f.disc("person", skin, 0.5, 0.93, 0.13, 0.07)
    f.fill(
        "person",
        shaded(skin, 0.35),
        (0.37, 0.93),
        (0.39, 1.0),
        (0.61, 1.0),
        (0.63, 0.93),
        (0.5, 0.96),
    )


def _rider(f: Frame, rng: Rng, seat: float, lean: float) -> None:
    coat, skin = paint_colour(rng), shaded((215.0, 170.0, 140.0), rng.uniform(0.45, 1.1))
    legs = shaded(paint_colour(rng), 0.7)
    f.fill("rider", legs, (0.36, seat), (0.5, seat), (0.6, seat - 0.32), (0.5, seat - 0.34))
    f.fill(
        "rider",
        coat,
        (0.3, seat - 0.03),
        (0.36 + lean, 0.84),
        (0.54 + lean, 0.84),
        (0.5, seat - 0.03),
    )
    f.fill(
        "rider",
        shaded(coat, 0.8),
        (0.42 + lean, 0.8),
        (0.7, seat + 0.1),
        (0.72, seat + 0.15),
        (0.5 + lean, 0.82),
    )
    f.disc("rider", skin, 0.47 + lean, 0.91, 0.07, 0.065)
    f.fill(
        "rider",
        paint_colour(rng),
        (0.39 + lean, 0.92),
        (0.42 + lean, 1.0),
        (0.53 + lean, 1.0),
        (0.55 + lean, 0.92),
    )


def bicycle(canvas: Canvas, rng: Rng, pose: Pose, *, ridden: bool = True) -> None:
    """A bicycle from the side, ridden or parked."""
    frame = paint_colour(rng)
    f = Frame(canvas, pose, 1.75, 1.75)
    for u in (0.22, 0.78):
        ring = [(u + 0.19 * c, 0.2 + 0.19 * s) for c, s in (*CIRCLE[12], CIRCLE[12][0])]
        f.stroke("bicycle", TYRE, 0.07, *ring)
        f.stroke("bicycle", shaded(TYRE, 3.0), 0.03, (u - 0.17, 0.2), (u + 0.17, 0.2))
        f.stroke("bicycle", shaded(TYRE, 3.0), 0.03, (u, 0.03), (u, 0.37))
    f.stroke(
        "bicycle",
        frame,
        0.09,
        (0.22, 0.2),
        (0.42, 0.45),
        (0.7, 0.48),
        (0.5, 0.2),
        (0.42, 0.45),
        (0.39, 0.54),
    )
    f.stroke("bicycle", frame, 0.09, (0.22, 0.2), (0.5, 0.2))
    f.stroke("bicycle", frame, 0.09, (0.78, 0.2), (0.69, 0.58), (0.62, 0.6))
    f.stroke("bicycle", TYRE, 0.12, (0.33, 0.55), (0.46, 0.55))
    if ridden:
        _rider(f, rng, 0.55, 0.1)


def motorcycle(canvas: Canvas, rng: Rng, pose: Pose, *, ridden: bool = True) -> None:
    """A motorcycle from the side, ridden or parked: fat wheels, a solid body, an exhaust."""
    body = paint_colour(rng)
    f = Frame(canvas, pose, 2.1, 1.65)
    for u in (0.18, 0.82):
        f.disc("motorcycle", TYRE, u, 0.19, 0.16, 0.2, 12)
        f.disc("motorcycle", (140.0, 140.0, 145.0), u, 0.19, 0.08, 0.1, 8)
    f.fill(
        "motorcycle",
        body,
        (0.08, 0.42),
        (0.2, 0.52),
        (0.5, 0.5),
        (0.62, 0.62),
        (0.74, 0.6),
        (0.72, 0.3),
        (0.4, 0.22),
        (0.26, 0.26),
    )
    f.fill("motorcycle", shaded(body, 0.5), (0.18, 0.5), (0.24, 0.56), (0.5, 0.54), (0.48, 0.48))
    f.stroke("motorcycle", (165.0, 165.0, 170.0), 0.1, (0.1, 0.2), (0.55, 0.22))
    f.stroke("motorcycle", (120.0, 120.0, 125.0), 0.1, (0.82, 0.2), (0.7, 0.66), (0.62, 0.68))
    f.disc("motorcycle", (240.0, 235.0, 200.0), 0.78, 0.58, 0.04, 0.05, 8)
    if ridden:
        _rider(f, rng, 0.56, 0.1)
