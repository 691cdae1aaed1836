"""A score with its 95 % interval, and the text of both in tables, pages and sentences."""

import math
from dataclasses import dataclass

from robustbench_seg.results import PERCENT, UNBOUNDED
from robustbench_seg.text import number


@dataclass(frozen=True)
class Estimate:
    """A score with the ends of its 95 % interval; nan if there is none."""

    value: float
    low: float = math.nan
    high: float = math.nan


def digits(limits: tuple[float, float]) -> int:
    """Return the number of decimals of a score: one of percentages and points, else three.

    Args:
        limits: The smallest and the largest possible value of the score.

    >>> digits((0.0, 100.0)), digits((-math.inf, math.inf)), digits((0.0, 2.0))
    (1, 1, 3)
    """
    return 1 if limits in (PERCENT, UNBOUNDED) else 3


def interval_ends(low: float, high: float, digits: int = 1) -> tuple[str, str] | None:
    """Return both ends of an interval as text; None if there is none.

    >>> interval_ends(60.12, 63.4), interval_ends(float("nan"), float("nan"))
    (('60.1', '63.4'), None)
    """
    return None if math.isnan(low) else (number(low, digits), number(high, digits))


def ends_text(low: float, high: float, digits: int = 1) -> str:
    """Return the ends of an interval; an empty text if there is none.

    >>> ends_text(60.12, 63.4), ends_text(float("nan"), float("nan"))
    ('60.1 to 63.4', '')
    """
    return " to ".join(interval_ends(low, high, digits) or ())


def interval_text(low: float, high: float, digits: int = 1) -> str:
    """Return a 95 % interval; an empty text if there is none.

    >>> interval_text(60.12, 63.4)
    '95 % interval 60.1 to 63.4'
    """
    ends = ends_text(low, high, digits)
    return f"95 % interval {ends}" if ends else ""
