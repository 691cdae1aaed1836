"""How loops over pixels are compiled: by Numba, at their first call, kept on disk."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function, *, contract: bool = False) -> Function:
    """Compile `function` at its first call for the types it is called with.

    Without fast-math: sums run in the order written, products and sums are rounded one by one;
    with `contract` a product and the sum that it enters may be rounded once.
    """
    fastmath = {"contract"} if contract else False
    make = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=fastmath)
    return cast(Function, make(function))
