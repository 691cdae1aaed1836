"""The parameters of the corruptions, and the values that each may have.

Outside its range a parameter has no meaning, or takes so long that a start never ends.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple


class Range(NamedTuple):
    """The least and the greatest value of a parameter. `whole`: only whole numbers."""

    low: float
    high: float
    whole: bool = False

    def __str__(self) -> str:
        return f"a {'whole ' if self.whole else ''}number of {self.low:g} to {self.high:g}"


RANGES: Mapping[str, Range] = {
    "add": Range(-1, 1),
    "alias": Range(0, 100),
    "amount": Range(0, 1),
    "decay": Range(1, 10),
    "density": Range(0, 100),
    "distance": Range(1, 100, whole=True),
    "factor": Range(0, 100),
    "ice": Range(0, 1),
    "iterations": Range(1, 100, whole=True),
    "keep": Range(0, 1),
    "mean": Range(-10, 10),
    "mud": Range(0.01, 100),
    "photons": Range(0.1, 1000),
    "quality": Range(1, 100, whole=True),
    "radius": Range(0, 500, whole=True),
    "scale": Range(0.0001, 10),
    "sigma": Range(0.01, 100),
    "size": Range(0.001, 1),
    "step": Range(0.005, 1),
    "stop": Range(1.005, 3),
    "strength": Range(0, 1000),
    "threshold": Range(-10, 10),
    "water": Range(0, 100),
    "zoom": Range(1, 10),
}
"""By name; a parameter that several corruptions have means the same in each."""


def parameter_problem(name: str, value: object) -> str | None:
    """What is wrong with the value of a parameter, and what is allowed; None if nothing is.

    A parameter that is not in RANGES is that of a corruption of the user's own: any finite number.
    """
    allowed = RANGES.get(name)
    wanted = str(allowed) if allowed else "a finite number"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{name} is {value!r:.40}; {wanted} is wanted"
    if not math.isfinite(value):
        return f"{name} is {value}; {wanted} is wanted"
    if allowed is None:
        return None
    if not allowed.low <= value <= allowed.high or (allowed.whole and value != int(value)):
        return f"{name} is {value:g}; {wanted} is wanted"
    return None
