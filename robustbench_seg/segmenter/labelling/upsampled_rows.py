"""The logits of an image at full size, some rows at a time, with torch on any device."""

from collections.abc import Iterator

from torch import Tensor

from robustbench_seg.segmenter.labelling.interpolation import interpolate, on_device
from robustbench_seg.segmenter.labelling.window_logits import WindowLogits

STRIP = 64
"""Number of rows of an image that are upsampled at once."""


class UpsampledRows:
    """Some rows of the logits of an image, upsampled and averaged where windows overlap."""

    def __init__(self, windows: WindowLogits) -> None:
        """Compute the positions of the pixels between the logits.

        Args:
            windows: The logits.
        """
        self._windows = windows
        rows, columns = windows.taps()
        self._rows = rows
        self._lines, self._across = (
            on_device(axis, windows.logits.device) for axis in (rows, columns)
        )

    def __call__(self, start: int, stop: int) -> Tensor:
        """Compute the rows from `start` to `stop`, exclusive.

        Returns:
            float32 KxrowsxW.
        """
        logits, (high, wide) = self._windows.logits, self._windows.window
        total = logits.new_zeros(logits.shape[1], stop - start, self._windows.size[1])
        count = logits.new_zeros(stop - start, self._windows.size[1])
        for values, (top, left) in zip(logits, self._windows.corners, strict=True):
            first, last = max(start, top), min(stop, top + high)
            if first < last:
                here = slice(first - top, last - top)
                begin, end = int(self._rows[0][here][0]), int(self._rows[0][here][-1]) + 2
                local = self._lines[0][here] - begin, self._lines[1][here]
                x = interpolate(interpolate(values[:, begin:end], self._across, 2), local, 1)
                place = slice(first - start, last - start), slice(left, left + wide)
                total[:, *place] += x
                count[place] += 1
        return total / count


def strips(windows: WindowLogits) -> Iterator[tuple[int, Tensor]]:
    """Upsample logits and average windows, STRIP rows at a time.

    Args:
        windows: The logits.

    Yields:
        The first row, and float32 KxrowsxW.
    """
    rows = UpsampledRows(windows)
    for start in range(0, windows.size[0], STRIP):
        yield start, rows(start, min(start + STRIP, windows.size[0]))
