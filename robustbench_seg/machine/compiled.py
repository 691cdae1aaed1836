"""Compiles loops over pixels with Numba at their first call, and caches them on disk."""

import logging
from collections.abc import Callable
from functools import cache, partial, wraps
from typing import Any, TypeVar, cast

log = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function, *, contract: bool = False) -> Function:
    """Compile `function` at its first call for the types it is called with.

    Without fast-math: sums are computed in the written order, and each product and sum is rounded;
    with `contract`, a product and the following sum may be rounded together once.
    """
    import numba

    fastmath = {"contract"} if contract else False
    # C code never calls these functions.
    make = partial(
        numba.njit, nogil=True, error_model="numpy", fastmath=fastmath, no_cfunc_wrapper=True
    )
    try:
        return cast(Function, make(cache=True)(function))
    except RuntimeError:  # neither the folder of the package nor the user's cache is writable
        _warn_once()
        return cast(Function, make()(function))


def lazily_compiled(function: Function) -> Function:
    """Compile `function` like `compiled`, and import Numba at its first call, too.

    For modules that are imported with the package, so that its import stays fast. Compiled
    functions cannot call the result.
    """

    @cache
    def loop() -> Function:
        return compiled(function)

    @wraps(function)
    def call(*args: Any) -> Any:
        return loop()(*args)

    return cast(Function, call)


@cache
def _warn_once() -> None:
    log.warning(
        "compiled loops cannot be cached on disk, so each process compiles them again; set "
        "NUMBA_CACHE_DIR to a writable folder"
    )
