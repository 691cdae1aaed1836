"""The error of a file of a run that cannot be written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from robustbench_seg.errors import ResultsError


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Around writing `path`, a file of a run: what the system refuses is a ResultsError."""
    try:
        yield
    except OSError as error:
        raise ResultsError(
            f"{path} cannot be written: {error.strerror or error}; what is finished is kept: mend "
            "this and evaluate again"
        ) from None
