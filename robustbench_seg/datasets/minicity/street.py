"""A street of minicity: its objects and their places.

Buildings, walls, fences, hedges and open ground line both kerbs; trees, poles, traffic and people
are in front of them. Places follow the logic of a street (a rider is on a two-wheeler on the road,
a sign on a pole at the kerb); colours do not, see colours.py.
"""

from functools import partial
from itertools import pairwise

import numpy as np

from robustbench_seg.datasets.minicity.canvas import Canvas, Colour
from robustbench_seg.datasets.minicity.colours import Rng, paint_colour, shaded
from robustbench_seg.datasets.minicity.frame import Painter, Pose
from robustbench_seg.datasets.minicity.people import bicycle, motorcycle, person
from robustbench_seg.datasets.minicity.plants import hedge, tree
from robustbench_seg.datasets.minicity.poles import pole
from robustbench_seg.datasets.minicity.row import building, fence, wall
from robustbench_seg.datasets.minicity.vehicles import bus, car, train, truck

NEAR, FAR = 1.2, 110.0
"""Distances in metres from the camera at which the street begins and ends."""

GROUND, BEHIND, ROW, STREET = range(4)
"""Layers, painted in this order. Objects beside the street never hide objects on it, because the
camera is in its middle.
"""


class Street:
    """The layout of a street, drawn from `rng` in a fixed order."""

    def __init__(self, canvas: Canvas, rng: Rng) -> None:
        self.canvas, self.rng = canvas, rng
        self.road = rng.uniform(3.6, 6.5)
        self.pavement = rng.uniform(1.8, 3.8)
        self.verge = [rng.uniform(1.0, 4.5) * (rng.random() < 0.65) for _ in range(2)]
        self.reach = float(rng.uniform(0.4, 2.2) * rng.choice([-1, 1]))
        self._taken: list[tuple[float, float, float]] = []
        """For each object in the traffic: metres to the right and ahead, and its width."""

    def draw(self) -> None:
        """Draw the ground and everything on it."""
        self._ground()
        for side in (0, 1):
            self._row(side)
            self._kerb(side)
        self._traffic()

    def _edge(self, side: int) -> float:
        """Distance of the building line from the middle of the street."""
        return float(self.road + self.pavement + self.verge[side])

    def _strip(
        self, x0: float, x1: float, z0: float, z1: float, label: str, colour: Colour
    ) -> None:
        corners = [(x0, z0), (x1, z0), (x1, z1), (x0, z1)]
        points = [self.canvas.project(x, 0.0, z) for x, z in corners]
        self.canvas.polygon(points, label, colour, (z0 * z1) ** 0.5, 0.55)

    def _ground(self) -> None:
        self.canvas.start_object(GROUND, 0.0)
        rng = self.rng
        asphalt = shaded((120.0, 120.0, 122.0), rng.uniform(0.55, 1.25))
        tint, grey = paint_colour(rng), rng.uniform(70, 150)
        flags = tuple(0.75 * grey + 0.25 * t for t in tint)
        earth = rng.choice(np.array([[96, 118, 58], [120, 112, 70], [138, 120, 92], [84, 104, 64]]))
        earth = shaded(earth * rng.uniform(0.75, 1.2), 1.0)
        # Bands in depth, so that haze and texture change with distance.
        cuts = np.geomspace(NEAR * 0.5, FAR * 4, 9)
        for z0, z1 in reversed(list(pairwise(cuts.tolist()))):
            self._strip(-400, 400, z0, z1, "terrain", earth)
            for sign in (-1, 1):
                outer = sign * (self.road + self.pavement)
                self._strip(sign * self.road, outer, z0, z1, "sidewalk", flags)
                kerb = sign * (self.road + 0.22)
                self._strip(sign * self.road, kerb, z0, z1, "sidewalk", shaded(flags, 1.2))
            self._strip(-self.road, self.road, z0, z1, "road", asphalt)
        white = shaded((225.0, 225.0, 215.0), rng.uniform(0.75, 1.05))
        for z in np.arange(rng.uniform(1, 4), 60, 6.0).tolist():
            self._strip(-0.08, 0.08, z, z + 3, "road", white)
        for sign in (-1, 1):
            if rng.random() < 0.5:
                self._strip(
                    sign * (self.road - 0.45), sign * (self.road - 0.3), NEAR, 70, "road", white
                )
        if rng.random() < 0.35:
            z = rng.uniform(6, 18)
            for x in np.arange(-self.road + 0.4, self.road - 0.4, 1.0).tolist():
                self._strip(x, x + 0.5, z, z + 3, "road", white)
        for _ in range(rng.integers(0, 4)):
            x, z = rng.uniform(-self.road, self.road - 1.5), rng.uniform(4, 30)
            patch = shaded(asphalt, rng.uniform(0.75, 1.2))
            self._strip(x, x + rng.uniform(0.6, 1.8), z, z + rng.uniform(0.8, 5), "road", patch)

    def _row(self, side: int) -> None:
        """Add the objects along one side of the street, piece by piece."""
        rng, z = self.rng, NEAR * 0.9
        sign = (-1, 1)[side]
        while z < FAR:
            length = rng.uniform(6, 20)
            end = min(z + length, FAR)
            kind = rng.choice(5, p=(0.5, 0.14, 0.14, 0.12, 0.1))
            edge = sign * (self._edge(side) + rng.uniform(0, 0.8))
            if kind == 0:
                self._building(edge, z, end, ROW)
            elif kind < 4:
                self.canvas.start_object(ROW, z)
                (wall, fence, hedge)[kind - 1](self.canvas, rng, edge, z, end)
            if kind and rng.random() < 0.7:
                # Behind low objects there is something tall, further away from the street.
                behind = self._building if rng.random() < 0.6 else self._grove
                behind(edge + sign * rng.uniform(3, 9), z, end, BEHIND)
            z = end + (rng.uniform(0, 5) if rng.random() < 0.35 else 0)

    def _building(self, x: float, z0: float, z1: float, layer: int) -> None:
        lit = 1.12 if (x > 0) == (self.reach < 0) else 0.72
        self.canvas.start_object(layer, z0)
        building(self.canvas, self.rng, x, z0, z1, lit=lit)

    def _grove(self, x: float, z0: float, z1: float, layer: int) -> None:
        for z in np.arange(z0 + 2, z1, 5.0).tolist():
            self._tree(x, z, self.rng.uniform(4, 7), layer)

    def _tree(self, x: float, z: float, height: float, layer: int) -> None:
        self.canvas.start_object(layer, z)
        self.canvas.shadow(x, z, 1.6, self.reach * 1.5)
        tree(self.canvas, self.rng, Pose(x, z), height)

    def _kerb(self, side: int) -> None:
        """Trees, poles, lights and signs along one kerb."""
        rng, sign = self.rng, (-1, 1)[side]
        for z in np.arange(rng.uniform(3.5, 7), 60, rng.uniform(6, 11)).tolist():
            if rng.random() < 0.35:
                x = sign * (self.road + self.pavement * rng.uniform(0.5, 0.95))
                self._tree(x, z, rng.uniform(4, 8), STREET)
            if rng.random() < 0.6:
                x, away = sign * (self.road + rng.uniform(0.3, 0.8)), z + rng.uniform(0, 2)
                self.canvas.start_object(STREET, away)
                self.canvas.shadow(x, away, 0.12, self.reach)
                pole(self.canvas, rng, Pose(x, away))

    def _place(self, paint: Painter, x: float, z: float, *, from_side: bool, width: float) -> None:
        """Add an object of `width` metres, unless it would overlap another one."""
        if any(abs(x - a) < (width + w) / 2 and abs(z - b) < 2.5 for a, b, w in self._taken):
            return
        self._taken.append((x, z, width))
        pose = Pose(x, z, from_side, bool(self.rng.random() < 0.5))
        rng = np.random.Generator(np.random.PCG64(int(self.rng.integers(2**32))))
        self.canvas.start_object(STREET, z)
        self.canvas.shadow(x, z, width / 2, self.reach)
        paint(self.canvas, rng, pose)

    def _traffic(self) -> None:
        """Add vehicles and people, if they do not overlap earlier objects."""
        self._trains()
        self._heavy_vehicles()
        self._cars()
        self._two_wheelers()
        self._people()

    def _trains(self) -> None:
        rng = self.rng
        if rng.random() < 0.5:
            if rng.random() < 0.5:
                self._place(
                    train, rng.uniform(-8, 8), rng.uniform(18, 34), from_side=True, width=17
                )
            else:
                self._place(train, self._lane(), rng.uniform(9, 24), from_side=False, width=2.7)

    def _heavy_vehicles(self) -> None:
        rng = self.rng
        for paint, chance, length, width in ((bus, 0.55, 9.5, 2.5), (truck, 0.65, 7.2, 2.5)):
            if rng.random() < chance:
                if rng.random() < 0.45:
                    self._place(
                        paint, rng.uniform(-6, 6), rng.uniform(13, 28), from_side=True, width=length
                    )
                else:
                    self._place(
                        paint, self._lane(), rng.uniform(8, 24), from_side=False, width=width
                    )

    def _cars(self) -> None:
        rng = self.rng
        for _ in range(rng.integers(2, 7)):
            where = rng.random()
            if where < 0.4:
                self._place(car, self._lane(), rng.uniform(6.5, 40), from_side=False, width=1.8)
            elif where < 0.75:
                parked_at = rng.choice([-1, 1]) * (self.road - 1.1)
                self._place(car, parked_at, rng.uniform(5, 40), from_side=False, width=1.8)
            else:
                self._place(car, rng.uniform(-7, 7), rng.uniform(9, 26), from_side=True, width=4.3)

    def _two_wheelers(self) -> None:
        rng, road = self.rng, self.road
        ridden = (bicycle, motorcycle, bicycle, motorcycle)
        kinds = (*ridden, partial(bicycle, ridden=False), partial(motorcycle, ridden=False))
        for _ in range(rng.integers(1, 4)):
            kind = rng.integers(len(kinds))
            if kind < len(ridden):
                x = rng.uniform(-road, road)
            else:
                x = rng.choice([-1, 1]) * (road + rng.uniform(0.5, 1.6))
            self._place(kinds[kind], x, rng.uniform(5, 15), from_side=True, width=1.9)

    def _people(self) -> None:
        rng, road = self.rng, self.road
        for _ in range(rng.integers(2, 8)):
            if rng.random() < 0.3:
                x = rng.uniform(-0.9 * road, 0.9 * road)
            else:
                x = rng.choice([-1, 1]) * (road + rng.uniform(0.4, self.pavement))
            self._place(
                person, x, rng.uniform(4.5, 22), from_side=bool(rng.random() < 0.6), width=0.6
            )

    def _lane(self) -> float:
        """Draw the middle of a lane, in metres to the right."""
        return float(self.rng.choice([-1, 1]) * self.road * self.rng.uniform(0.35, 0.6))
