"""The frame in which a thing is painted, and the colours of things.

u runs along the width of a thing, 0..1, and v up its height, 0..1; it stands on the street at
(x, z). Classes share their colours (cars, coats and walls come in the same greys, greens and
browns); what tells them apart is shape and place.
"""

import math

import numpy as np

from robustbench_seg.datasets.facts import dataset_facts
from robustbench_seg.datasets.minicity.canvas import Canvas, Colour

ID = {name: index for index, name in enumerate(dataset_facts("minicity").classes)}
Rng = np.random.Generator
CIRCLE = {
    n: [(math.cos(2 * math.pi * k / n), math.sin(2 * math.pi * k / n)) for k in range(n)]
    for n in range(3, 17)
}
"""The corners of regular polygons, by their number."""

RGB = tuple[float, float, float]


GLASS = (62.0, 74.0, 88.0)
TYRE = (28.0, 28.0, 30.0)


class Frame:
    """A thing's own coordinates on the canvas."""

    def __init__(
        self, canvas: Canvas, x: float, z: float, width: float, height: float, flip: bool
    ) -> None:
        self.canvas, self.z, self.flip = canvas, z, flip
        left, self.bottom = canvas.project(x - width / 2, 0.0, z)
        right, self.top = canvas.project(x + width / 2, height, z)
        self.left, self.span, self.rise = left, right - left, self.bottom - self.top

    def at(self, u: float, v: float) -> tuple[float, float]:
        """Convert the thing's coordinates to pixels.

        Args:
            u: Share of its width.
            v: Share of its height, from the ground up.

        Returns:
            Column and row, in pixels.
        """
        u = 1 - u if self.flip else u
        return self.left + u * self.span, self.bottom - v * self.rise

    def fill(
        self, label: str, colour: Colour, *corners: tuple[float, float], grain: float = 0.4
    ) -> None:
        """Fill the polygon of the given (u, v) corners."""
        self.canvas.polygon([self.at(u, v) for u, v in corners], ID[label], colour, self.z, grain)

    def box(
        self,
        label: str,
        colour: Colour,
        u0: float,
        v0: float,
        u1: float,
        v1: float,
        grain: float = 0.4,
    ) -> None:
        """Fill an upright rectangle."""
        self.fill(label, colour, (u0, v0), (u1, v0), (u1, v1), (u0, v1), grain=grain)

    def disc(
        self, label: str, colour: Colour, u: float, v: float, ru: float, rv: float, sides: int = 10
    ) -> None:
        """Fill an ellipse."""
        self.fill(label, colour, *[(u + ru * c, v + rv * s) for c, s in CIRCLE[sides]])

    def stroke(
        self, label: str, colour: Colour, metres: float, *corners: tuple[float, float]
    ) -> None:
        """Draw a line `metres` thick."""
        thickness = metres * self.canvas.focal / self.z
        self.canvas.line([self.at(u, v) for u, v in corners], thickness, ID[label], colour, self.z)


def paint_colour(rng: Rng) -> RGB:
    """Draw a colour of lacquer, cloth or plaster.

    Most colours are greys, some are muted hues, and a few are strong ones.

    Args:
        rng: Generator of the random numbers.

    Returns:
        RGB colour, 8..245.
    """
    value, kind = rng.uniform(35, 225), rng.random()
    if kind < 0.4:
        return _limited([value + tint for tint in rng.uniform(-10, 10, 3).tolist()])
    strength = rng.uniform(0.15, 0.5) if kind < 0.85 else rng.uniform(0.5, 0.8)
    shares = rng.random(3).tolist()
    return _limited([value * (1 - strength + strength * 2 * share) for share in shares])


def shaded(colour: Colour, factor: float) -> RGB:
    """Make a colour darker or lighter.

    Args:
        colour: RGB colour.
        factor: Factor of its values.

    Returns:
        RGB colour, 8..245.
    """
    return _limited([float(c) * factor for c in colour])


def _limited(colour: Colour) -> RGB:
    r, g, b = (max(8.0, min(c, 245.0)) for c in colour)
    return r, g, b
