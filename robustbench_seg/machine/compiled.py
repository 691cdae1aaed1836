"""How loops over pixels are compiled: by Numba, at their first call, kept on disk."""

import logging
from collections.abc import Callable
from functools import cache, partial, wraps
from typing import Any, TypeVar, cast

log = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function, *, contract: bool = False) -> Function:
    """Compile `function` at its first call for the types it is called with.

    Without fast-math: sums run in the order written, products and sums are rounded one by one;
    with `contract` a product and the sum that it enters may be rounded once.
    """
    import numba

    fastmath = {"contract"} if contract else False
    make = partial(numba.njit, nogil=True, error_model="numpy", fastmath=fastmath)
    try:
        return cast(Function, make(cache=True)(function))
    except RuntimeError:  # neither the folder of the package nor the user's cache is writable
        _warn_once()
        return cast(Function, make()(function))


def lazily_compiled(function: Function) -> Function:
    """Compile `function` like `compiled`, and import Numba at its first call, too.

    For modules that are imported with the package, which stays fast. No compiled function can call
    the result.
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
