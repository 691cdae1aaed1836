"""The array types in the signatures of the loops of this package."""

from typing import cast

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruption.image_arrays import Floats as Floats
from robustbench_seg.corruption.image_arrays import Image as Image

INTENSITIES = np.arange(256) / 255.0

Singles = NDArray[np.float32]
AnyFloats = NDArray[np.floating]
ZERO, ONE = cast(int, np.int64(0)), cast(int, np.int64(1))
"""Arguments that share compiled code with other numbers; literals get code of their own."""
