"""Items that cannot be read and are left out while others can be read."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from robustbench_seg.errors import ResultsError

log = logging.getLogger(__name__)


@contextmanager
def left_out() -> Iterator[list[ResultsError]]:
    """Yield a list for errors; at the end, warn that what each of them is about is left out."""
    errors = list[ResultsError]()
    yield errors
    for error in errors:
        log.warning("%s; it is left out", error)


@contextmanager
def collected(errors: list[ResultsError]) -> Iterator[None]:
    """End the block at a ResultsError, and append it to `errors`."""
    try:
        yield
    except ResultsError as error:
        errors.append(error)
