"""A bar with the time left, on stderr; a line now and then where nobody watches."""

import sys
from typing import Any

from tqdm import tqdm

LINE_SECONDS = 30.0


def progress_bar(total: int, done: int = 0, *, unit: str = "image", **options: Any) -> "tqdm[Any]":
    """A bar of `total` steps, `done` of which were made before.

    options: any of tqdm's own. In a log file, which keeps every state, there is one every
    LINE_SECONDS.
    """
    quiet = (
        {} if sys.stderr.isatty() else {"mininterval": LINE_SECONDS, "maxinterval": LINE_SECONDS}
    )
    return tqdm(total=total, initial=done, unit=f" {unit}", **{**quiet, **options})
