"""An image that is not rounded to 8 bits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.errors import ModelError

LEVEL_TOLERANCE = 2.0**-23
"""A value this close to an 8-bit level counts as that level. A GPU divides by 255 with errors of
this size.
"""


@dataclass(frozen=True, eq=False)
class FloatImage:
    """An image that is not rounded to 8 bits, such as the result of an attack.

    If all values are 8-bit levels, a segmenter treats the image as the 8-bit image, so that both
    have exactly the same labels.

    Attributes:
        values: float32 HxWx3 RGB in 0..1.
    """

    values: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ModelError: They have a wrong type, shape or range, or are not finite.
        """
        values = self.values
        if not isinstance(values, np.ndarray) or values.dtype != np.float32:
            kind = getattr(values, "dtype", type(values).__name__)
            raise ModelError(f"a float image: expected a float32 array, got {kind}")
        if values.ndim != 3 or values.shape[2] != 3 or not values.size:
            shape = "x".join(map(str, values.shape)) or "scalar"
            raise ModelError(f"a float image: expected HxWx3 RGB, got {shape}")
        least, largest = float(values.min()), float(values.max())
        if not (np.isfinite(least) and np.isfinite(largest)):
            raise ModelError("a float image: it has NaN or infinite values")
        if least < 0 or largest > 1:
            raise ModelError(
                f"a float image: expected values from 0 to 1, got {least:g} to {largest:g}"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and 3."""
        return self.values.shape

    def levels(self) -> NDArray[np.uint8] | None:
        """Return the image as an 8-bit image.

        Returns:
            uint8 HxWx3 if each value is an 8-bit level, else None.
        """
        first = _levels(self.values[:1])  # rejects most attacked images at once
        return None if first is None else _levels(self.values)


def _levels(values: NDArray[np.float32]) -> NDArray[np.uint8] | None:
    levels = np.rint(values * np.float32(255))
    equal = np.abs(levels / np.float32(255) - values) <= LEVEL_TOLERANCE
    return levels.astype(np.uint8) if equal.all() else None


AnyImage = NDArray[np.uint8] | FloatImage
"""uint8 HxWx3 RGB, or an image that is not rounded to 8 bits."""
