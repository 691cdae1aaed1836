"""The frame of an object at one place: its coordinates on the canvas.

u runs along the width of an object, 0..1, and v up its height, 0..1. The object is on the street at
(x, z).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from robustbench_seg.datasets.minicity.canvas import Canvas, Colour
from robustbench_seg.datasets.minicity.colours import Rng

CIRCLE = {
    n: [(math.cos(2 * math.pi * k / n), math.sin(2 * math.pi * k / n)) for k in range(n)]
    for n in range(3, 17)
}
"""Maps a number of corners to the corners of the regular polygon."""


@dataclass(frozen=True)
class Pose:
    """The place of an object, and its orientation.

    Attributes:
        x: Metres to the right.
        z: Metres ahead.
        from_side: Whether it is seen from its side, else from behind. Two-wheelers are always seen
            from their side.
        flip: Whether it is mirrored from left to right.
    """

    x: float
    z: float
    from_side: bool = False
    flip: bool = False


Painter = Callable[[Canvas, Rng, Pose], None]
"""Adds an object to a canvas, with random colours and sizes."""


class Frame:
    """The coordinates of an object on the canvas.

    Args:
        canvas: The canvas.
        pose: The place and orientation of the object.
        width: Its width in the picture's plane, in metres.
        height: Its height, in metres.
        lift: Height of its lower edge above the street, in metres.
    """

    def __init__(
        self, canvas: Canvas, pose: Pose, width: float, height: float, lift: float = 0.0
    ) -> None:
        self.canvas, self.z, self.flip = canvas, pose.z, pose.flip
        left, bottom = canvas.project(pose.x - width / 2, 0.0, pose.z)
        right, top = canvas.project(pose.x + width / 2, height, pose.z)
        self.left, self.span, self.rise = left, right - left, bottom - top
        self.bottom = bottom - lift * canvas.focal / pose.z

    def at(self, u: float, v: float) -> tuple[float, float]:
        """Convert the object's coordinates to pixels.

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
        self.canvas.polygon([self.at(u, v) for u, v in corners], label, colour, self.z, grain)

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
        self.canvas.line([self.at(u, v) for u, v in corners], thickness, label, colour, self.z)
