"""The 95 % interval of a score, in words."""

import math

from robustbench_seg.text import number


def limits_text(low: float, high: float, digits: int = 1) -> str:
    """Return the ends of an interval; an empty text if there is none.

    >>> limits_text(60.12, 63.4), limits_text(float("nan"), float("nan"))
    ('60.1 to 63.4', '')
    """
    return "" if math.isnan(low) else f"{number(low, digits)} to {number(high, digits)}"


def interval_text(low: float, high: float, digits: int = 1) -> str:
    """Return a 95 % interval; an empty text if there is none.

    >>> interval_text(60.12, 63.4)
    '95 % interval 60.1 to 63.4'
    """
    limits = limits_text(low, high, digits)
    return f"95 % interval {limits}" if limits else ""
