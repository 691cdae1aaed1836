"""The array types that the loops of this package take."""

from typing import cast

import numpy as np
from numpy.typing import NDArray

LEVELS = np.arange(256) / 255.0

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
AnyFloats = NDArray[np.floating]
Image = NDArray[np.uint8]
ZERO, ONE = cast(int, np.int64(0)), cast(int, np.int64(1))
"""Arguments that share compiled code with other numbers; literals get code of their own."""
