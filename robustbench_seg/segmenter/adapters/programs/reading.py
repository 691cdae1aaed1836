"""Errors of libraries that read exported programs, in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

from robustbench_seg.errors import ModelError
from robustbench_seg.segmenter.foreign_errors import reason


@contextmanager
def reading(where: str, kind: str, advice: str) -> Iterator[None]:
    """Convert an error that a library raises for a damaged file to a ModelError.

    Args:
        where: The program's name in errors.
        kind: What the file should contain, such as "graph".
        advice: What to do, the end of the message.

    Raises:
        ModelError: The library raised an error.
    """
    try:
        yield
    except ModelError:
        raise
    except Exception as error:  # the errors of these libraries have no common base class
        raise ModelError(
            f"{where}: not a {kind} that can be run ({reason(error)}); {advice}"
        ) from error
