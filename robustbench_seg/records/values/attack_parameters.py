"""The parameters of attacks, and the range of each."""

from collections.abc import Mapping
from typing import Literal

from robustbench_seg.codec import Range
from robustbench_seg.records.values.ranges import range_problem

Norm = Literal["Linf", "L2"]
"""The norm in which the distance of an attacked image from the clean one is measured."""

ATTACK_PARAMETERS: Mapping[Norm, Mapping[str, Range]] = {
    "Linf": {
        "epsilon": Range(0, 255),
        "steps": Range(1, 100_000),
        "step_size": Range(above=0, most=255),
        "restarts": Range(1, 1000),
    },
    "L2": {
        "epsilon": Range(0, 100_000),
        "steps": Range(1, 100_000),
        "step_size": Range(above=0, most=100_000),
        "restarts": Range(1, 1000),
    },
}
"""Norm -> parameter -> its range.

The radius `epsilon` and `step_size` are in units of 1/255 for Linf. For L2 they are lengths, with
pixels in 0..1. An attack accepts some of these parameters, see robustbench_seg.attacks.
"""

_WHOLE = ("steps", "restarts")


def attack_parameter_problem(norm: Norm, name: str, value: object) -> str | None:
    """Describe what is wrong with the value of an attack's parameter.

    Args:
        norm: The norm of the attack.
        name: A parameter, one of ATTACK_PARAMETERS.
        value: Its value.

    Returns:
        What is wrong and what is allowed. None: nothing is wrong.

    >>> attack_parameter_problem("Linf", "steps", 2.5)
    'steps = 2.5 is out of range; give a whole number of 1 to 100000'
    """
    return range_problem(name, value, ATTACK_PARAMETERS[norm][name], is_whole=name in _WHOLE)
