"""The error of a file of a run that cannot be written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from robustbench_seg.errors import ResultsError


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Turn an OSError of the block that writes `path`, a file of a run, into a ResultsError."""
    try:
        yield
    except OSError as error:
        raise ResultsError(
            f"{path} cannot be written: {error.strerror or error}; what is finished is kept: fix "
            "this and evaluate again"
        ) from None
