"""The canvas of a minicity scene: an id map, and the surface of each id.

Everything is painted as flat polygons, from far to near, each with its own id; colours, texture,
light and haze are looked up once at the end. Labels and pixels therefore agree exactly, and a scene
needs one fill per polygon. Fills are not antialiased, and all arithmetic is elementwise in a fixed
order, so the bytes are the same on every machine.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = Sequence[float]
Points = Sequence[tuple[float, float]]
Pixels = list[tuple[float, float]]

SKY = 10
"""Train id of the sky."""

CAMERA_HEIGHT = 1.5
"""Height of the camera above the street, in metres."""


@dataclass(frozen=True)
class Surface:
    """The surface of an id of a canvas.

    Attributes:
        label: Class index.
        colour: RGB colour, 0..255.
        distance: Its distance, in metres.
        grain: Strength of its texture.
    """

    label: int
    colour: Colour
    distance: float
    grain: float


@dataclass(frozen=True)
class PaintStep:
    """Paints one object of a scene.

    Attributes:
        distance: Distance of the object, in metres; farther objects are painted first.
        paint: The function that paints it.
    """

    distance: float
    paint: Callable[[], None]


class Canvas:
    """Converts polygons in metres to an image and its labels.

    The camera looks along z, CAMERA_HEIGHT above a flat street: the point (x, y, z), x right and
    y up, lies at column cx + f x / z and row horizon + f (CAMERA_HEIGHT - y) / z.
    """

    def __init__(self, height: int, width: int, horizon: float, centre: float) -> None:
        self.height, self.width = height, width
        self.focal = 0.55 * width
        self.horizon = horizon * height
        self.centre = centre * width
        self.ids = np.zeros((height, width), np.int32)
        self.shade = np.zeros((height, width), np.uint8)
        # Id 0 is the sky, which remains where nothing is painted.
        self.surfaces = [Surface(SKY, (0, 0, 0), 0.0, 0.0)]

    def project(self, x: float, y: float, z: float) -> tuple[float, float]:
        """Project a point onto the picture.

        Args:
            x: Metres to the right.
            y: Metres above the street.
            z: Metres ahead.

        Returns:
            Column and row, in pixels.
        """
        scale = self.focal / z
        return self.centre + x * scale, self.horizon + (CAMERA_HEIGHT - y) * scale

    def along(self, x: float, y0: float, y1: float, z0: float, z1: float) -> Pixels:
        """Project an upright rectangle along the street.

        Args:
            x: Its distance to the right, in metres.
            y0: Height of its lower edge, in metres.
            y1: Height of its upper edge, in metres.
            z0: Distance of one end, in metres.
            z1: Distance of the other end, in metres.

        Returns:
            Its corners, in pixels.
        """
        project = self.project
        return [project(x, y0, z0), project(x, y0, z1), project(x, y1, z1), project(x, y1, z0)]

    def across(self, x0: float, x1: float, y0: float, y1: float, z: float) -> Pixels:
        """Project an upright rectangle across the street.

        Args:
            x0: Left edge, in metres to the right.
            x1: Right edge, in metres to the right.
            y0: Height of its lower edge, in metres.
            y1: Height of its upper edge, in metres.
            z: Its distance, in metres.

        Returns:
            Its corners, in pixels.
        """
        project = self.project
        return [project(x0, y0, z), project(x1, y0, z), project(x1, y1, z), project(x0, y1, z)]

    def polygon(self, points: Points, label: int, colour: Colour, z: float, grain: float) -> None:
        """Fill a polygon.

        Args:
            points: Its corners, in pixels.
            label: Class index.
            colour: RGB colour.
            z: Its distance, in metres.
            grain: Strength of its texture.
        """
        columns = [point[0] for point in points]
        if max(columns) < 0 or min(columns) >= self.width:
            return
        cv2.fillPoly(self.ids, [_rounded(points)], len(self.surfaces))
        self.surfaces.append(Surface(label, colour, z, grain))

    def line(self, points: Points, thickness: float, label: int, colour: Colour, z: float) -> None:
        """Draw an open line.

        Args:
            points: Its points, in pixels.
            thickness: Its thickness, in pixels, at least 1.
            label: Class index.
            colour: RGB colour.
            z: Its distance, in metres.
        """
        cv2.polylines(
            self.ids, [_rounded(points)], False, len(self.surfaces), max(1, round(thickness))
        )
        self.surfaces.append(Surface(label, colour, z, 0.3))

    def shadow(self, x: float, z: float, half_width: float, reach: float) -> None:
        """Darken the ground around a point, and to the side away from the light.

        Args:
            x: Metres to the right.
            z: Metres ahead.
            half_width: Half the width of the dark ground, in metres.
            reach: Length of the shadow to the side, in metres, negative to the left.
        """
        near, far = max(z - 0.7, 1.5), z + 0.9
        left, right = sorted((x - half_width, x + half_width))
        left, right = (left + reach, right) if reach < 0 else (left, right + reach)
        corners = [(left, near), (right, near), (right, far), (left, far)]
        cv2.fillPoly(self.shade, [_rounded([self.project(cx, 0, cz) for cx, cz in corners])], 1)

    def label_map(self) -> NDArray[np.uint8]:
        """Return the labels: uint8 HxW class indices."""
        return np.array([surface.label for surface in self.surfaces], np.uint8)[self.ids]


def _rounded(points: Points) -> NDArray[np.int32]:
    # Clipping far outside the picture does not change it, and some cv2 functions use 16-bit
    # coordinates.
    corners = np.array(points)
    near: NDArray[np.float64] = np.minimum(np.maximum(corners, -20000.0), 20000.0)
    return np.rint(near).astype(np.int32)
