"""Finds the samples that an approximation leaves in doubt.

Results are truncated to 8 bits, so an approximation decides almost every sample: the last digits of
the exact sum matter only if the approximation is within `margin` of a whole level. The filters of
this package compute a row in single precision, keep the certain samples, and compute the spans in
doubt again.
"""

import numpy as np

from robustbench_seg.corruption.kernels.arrays import Image, Singles
from robustbench_seg.machine.compiled import compiled

BLOCK = 64
_GAP = 4


@compiled
def settle(approximate: Singles, margin: float, row: Image) -> int:
    """Truncate positive samples to `row`, at most 255; return how many of them are in doubt."""
    for i in range(len(approximate)):
        row[i] = np.uint8(np.int32(min(approximate[i], np.float32(255))))
    sure = np.float32(0.5 - margin)
    doubts = np.int32(0)
    for i in range(len(approximate)):
        doubts += np.int32(_off_centre(approximate[i]) > sure)
    return int(doubts)


@compiled
def next_span(
    approximate: Singles, margin: float, start: int, end: int, channels: int
) -> tuple[int, int]:
    """Find the next pixels in doubt from `start` to `end`: the first, and the one after the last.

    Pixels that are close together form one span, because filtering several costs as much as
    filtering one.
    """
    sure = np.float32(0.5 - margin)
    first, last = end, end
    for x in range(start, end):
        doubt = False
        for i in range(x * channels, (x + 1) * channels):
            doubt = doubt or bool(_off_centre(approximate[i]) > sure)
        if doubt:
            first = min(first, x)
            last = x + 1
        elif first < end and x >= last + _GAP:
            break
    return first, last


@compiled
def _off_centre(value: np.float32) -> np.float32:
    """The distance of a value from the middle between its two whole levels, 0 to 0.5.

    Below level 1 only the upper level counts, because sums of positive numbers are never below 0;
    above level 255 only that level counts.
    """
    value = min(max(value, np.float32(0.5)), np.float32(255.5))
    return abs(value - np.float32(np.int32(value)) - np.float32(0.5))
