"""How loops over pixels are compiled: by Numba, at their first call, kept on disk."""

import logging
from collections.abc import Callable
from functools import cache, partial
from typing import Any, TypeVar, cast

import numba

log = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function, *, contract: bool = False) -> Function:
    """Compile `function` at its first call for the types it is called with.

    Without fast-math: sums run in the order written, products and sums are rounded one by one;
    with `contract` a product and the sum that it enters may be rounded once.
    """
    fastmath = {"contract"} if contract else False
    make = partial(numba.njit, nogil=True, error_model="numpy", fastmath=fastmath)
    try:
        return cast(Function, make(cache=True)(function))
    except RuntimeError:  # neither the package's folder nor the user's cache can be written
        _tell()
        return cast(Function, make()(function))


@cache
def _tell() -> None:
    log.warning(
        "compiled loops cannot be kept on disk, so each process compiles them again; "
        "NUMBA_CACHE_DIR may name a folder for them"
    )
