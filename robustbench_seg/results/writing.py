"""Files of a run: what the system refuses while they are written, and names that fit any system."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from robustbench_seg.errors import ResultsError


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Around writing `path`, a file of a run: what the system refuses is a ResultsError."""
    try:
        yield
    except OSError as error:
        raise ResultsError(
            f"{path} cannot be written: {error.strerror or error}; what is finished is kept: mend "
            "this and evaluate again"
        ) from None


def file_name(text: str) -> str:
    """`text` as part of a file name on any system.

    >>> file_name("hf:nvidia/segformer b0")
    'hf_nvidia_segformer_b0'
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._") or "_"
