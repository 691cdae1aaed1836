"""The parameters of corruptions, and the range of each."""

from collections.abc import Mapping

from robustbench_seg.codec import Range
from robustbench_seg.records.values.ranges import range_problem

CORRUPTION_PARAMETERS: Mapping[str, Range] = {
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
"""The parameters of corruptions by name; one that several corruptions have means the same in each.

Outside the range of a parameter, it is meaningless or the corruption takes too long.
"""

_WHOLE = ("distance", "iterations", "quality", "radius")
"""Parameters that must be whole numbers, because a corruption would silently drop the fraction."""


def corruption_parameter_problem(name: str, value: object) -> str | None:
    """Describe what is wrong with the value of a corruption's parameter.

    Args:
        name: The parameter. A parameter that is not in CORRUPTION_PARAMETERS belongs to a user's
            corruption and may be any finite number.
        value: Its value.

    Returns:
        What is wrong and what is allowed. None: nothing is wrong.
    """
    wanted = CORRUPTION_PARAMETERS.get(name, Range())
    return range_problem(name, value, wanted, is_whole=name in _WHOLE)
