"""The size of an image."""

from numbers import Integral

from robustbench_seg.errors import OptionError
from robustbench_seg.records.values.ranges import MAX_SIDE
from robustbench_seg.text import one_line

Size = tuple[int, int]
"""Height and width in pixels."""

MAX_INPUT_PIXELS = 2**28
"""Largest number of pixels that a network takes at once: 3.2 GB in float32, and many times that for
the activations.
"""


def check_size(size: Size) -> None:
    """Refuse the size of an image that is too large for every machine.

    Args:
        size: The size.

    Raises:
        OptionError: It is not a pair of integers, or they are out of range.
    """
    pair = isinstance(size, tuple | list) and len(size) == 2
    if not pair or not all(isinstance(side, Integral) for side in size):
        raise OptionError(
            f"the size {one_line(repr(size), 60)} is not a height and a width; give two integers, "
            "such as (512, 1024)"
        )
    height, width = size
    if not (min(size) >= 1 and max(size) <= MAX_SIDE and height * width <= MAX_INPUT_PIXELS):
        raise OptionError(
            f"the size {height}x{width} is out of range; give sides of 1 to {MAX_SIDE} pixels, "
            f"and at most {MAX_INPUT_PIXELS} pixels in all"
        )
