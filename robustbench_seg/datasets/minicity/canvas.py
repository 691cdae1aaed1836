"""The canvas of a minicity scene: flat shapes, which become an id map.

An object adds flat shapes, in the order of its parts. The canvas keeps the shapes of all objects
and fills them at the end, far objects first, each shape with its own id; colours, texture, light
and haze are then looked up by id. Labels and pixels therefore agree exactly, and a scene needs one
fill per shape. Fills are not antialiased, and all arithmetic is elementwise in a fixed order, so
the bytes are the same on every machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets.classes.facts import dataset_facts

Colour = Sequence[float]
Points = Sequence[tuple[float, float]]
Pixels = list[tuple[float, float]]

ID = {name: index for index, name in enumerate(dataset_facts("minicity").classes)}
"""Maps the name of a class to its index."""

CAMERA_HEIGHT = 1.5
"""Height of the camera above the street, in metres."""


@dataclass(frozen=True)
class Surface:
    """The surface of an id of a painting.

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


@dataclass(frozen=True, eq=False)
class Painting:
    """All shapes of a scene, painted.

    Attributes:
        ids: int32 HxW, the id of the surface that each pixel shows.
        surfaces: The surface of each id. Id 0 is the sky, which remains where nothing is painted.
        shade: uint8 HxW, 1 where a shadow falls on the ground.
        horizon: Row of the horizon.
    """

    ids: NDArray[np.int32]
    surfaces: Sequence[Surface]
    shade: NDArray[np.uint8]
    horizon: float

    @property
    def labels(self) -> NDArray[np.uint8]:
        """The labels: uint8 HxW class indices."""
        return np.array([surface.label for surface in self.surfaces], np.uint8)[self.ids]


@dataclass(frozen=True, eq=False)
class _Shape:
    """A polygon or a line.

    Attributes:
        order: Layer and negative distance of its object. Lower ones are painted first.
        corners: int32 Nx2, column and row.
        thickness: Thickness of a line, in pixels. None: a filled polygon.
        surface: What it shows.
    """

    order: tuple[int, float]
    corners: NDArray[np.int32]
    thickness: int | None
    surface: Surface


class Canvas:
    """Converts shapes in metres to a painting.

    The camera looks along z, CAMERA_HEIGHT above a flat street: the point (x, y, z), x right and
    y up, lies at column cx + f x / z and row horizon + f (CAMERA_HEIGHT - y) / z.
    """

    def __init__(self, height: int, width: int, horizon: float, centre: float) -> None:
        self.height, self.width = height, width
        self.focal = 0.55 * width
        self.horizon = horizon * height
        self.centre = centre * width
        self._shade = np.zeros((height, width), np.uint8)
        self._shapes = list[_Shape]()
        self._order = (0, 0.0)

    def start_object(self, layer: int, distance: float) -> None:
        """Begin an object: the shapes that follow belong to it.

        Args:
            layer: Its layer. Lower layers are painted first.
            distance: Its distance, in metres. Within a layer, farther objects are painted first.
        """
        self._order = (layer, -distance)

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

    def polygon(self, points: Points, label: str, colour: Colour, z: float, grain: float) -> None:
        """Add a filled polygon.

        Args:
            points: Its corners, in pixels.
            label: Name of its class.
            colour: RGB colour.
            z: Its distance, in metres.
            grain: Strength of its texture.
        """
        columns = [point[0] for point in points]
        if max(columns) < 0 or min(columns) >= self.width:
            return
        surface = Surface(ID[label], colour, z, grain)
        self._shapes.append(_Shape(self._order, _rounded(points), None, surface))

    def line(self, points: Points, thickness: float, label: str, colour: Colour, z: float) -> None:
        """Add an open line.

        Args:
            points: Its points, in pixels.
            thickness: Its thickness, in pixels, at least 1.
            label: Name of its class.
            colour: RGB colour.
            z: Its distance, in metres.
        """
        surface = Surface(ID[label], colour, z, 0.3)
        pixels = max(1, round(thickness))
        self._shapes.append(_Shape(self._order, _rounded(points), pixels, surface))

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
        cv2.fillPoly(self._shade, [_rounded([self.project(cx, 0, cz) for cx, cz in corners])], 1)

    def paint(self) -> Painting:
        """Fill all shapes: layer by layer, and in a layer from far to near."""
        ids = np.zeros((self.height, self.width), np.int32)
        surfaces = [Surface(ID["sky"], (0, 0, 0), 0.0, 0.0)]
        for shape in sorted(self._shapes, key=lambda shape: shape.order):
            if shape.thickness is None:
                cv2.fillPoly(ids, [shape.corners], len(surfaces))
            else:
                cv2.polylines(ids, [shape.corners], False, len(surfaces), shape.thickness)
            surfaces.append(shape.surface)
        return Painting(ids, surfaces, self._shade, self.horizon)


def _rounded(points: Points) -> NDArray[np.int32]:
    # Clipping far outside the picture does not change it, and some cv2 functions use 16-bit
    # coordinates.
    corners = np.array(points)
    near: NDArray[np.float64] = np.minimum(np.maximum(corners, -20000.0), 20000.0)
    return np.rint(near).astype(np.int32)
