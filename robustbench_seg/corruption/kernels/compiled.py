"""How the loops of this package are compiled, and the array types that they take."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

LEVELS = np.arange(256) / 255.0

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
AnyFloats = NDArray[np.floating]
Image = NDArray[np.uint8]
ZERO, ONE = cast(int, np.int64(0)), cast(int, np.int64(1))
"""Arguments that share compiled code with other numbers; literals get code of their own."""

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile `function` at its first call for the types it is called with; kept on disk.

    Without fast-math: sums run in the order written, products and sums are rounded one by one.
    """
    return cast(Function, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
