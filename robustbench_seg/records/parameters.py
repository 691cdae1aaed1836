"""The parameters of the corruptions, and the values that each may have.

Outside its range a parameter has no meaning, or takes so long that a start never ends.
"""

import math
from collections.abc import Mapping

from robustbench_seg.cards import Range
from robustbench_seg.text import one_line

RANGES: Mapping[str, Range] = {
    "add": Range(-1, 1),
    "alias": Range(0, 100),
    "amount": Range(0, 1),
    "decay": Range(1, 10),
    "density": Range(0, 100),
    "distance": Range(1, 100),
    "factor": Range(0, 100),
    "ice": Range(0, 1),
    "iterations": Range(1, 100),
    "keep": Range(0, 1),
    "mean": Range(-10, 10),
    "mud": Range(0.01, 100),
    "photons": Range(0.1, 1000),
    "quality": Range(1, 100),
    "radius": Range(0, 500),
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


WHOLE = ("distance", "iterations", "quality", "radius")
"""Parameters of which a fraction would be cut off without a word."""


def parameter_problem(name: str, value: object) -> str | None:
    """What is wrong with the value of a parameter, and what is allowed; None if nothing is.

    A parameter that is not in RANGES is that of a corruption of the user's own: any finite number.
    """
    allowed = RANGES.get(name, _FINITE)
    if allowed.has(value) and (name not in WHOLE or float(value).is_integer()):  # type: ignore[arg-type]
        return None
    wanted = "a finite number" if allowed is _FINITE else str(allowed)
    whole = "a whole number of " if name in WHOLE else ""
    return f"{name} = {one_line(str(value), 60)} is out of range; give {whole}{wanted}"


_FINITE = Range(above=-math.inf, below=math.inf)
