"""A progress bar with the time left, on stderr; a line now and then if that is not a terminal."""

import sys
from typing import Any

from tqdm import tqdm

LINE_SECONDS = 30.0


def progress_bar(total: int, done: int = 0, *, unit: str = "image", **options: Any) -> "tqdm[Any]":
    """Make a bar of `total` steps, of which `done` are already complete.

    options: any of tqdm's own. In a log file, which keeps every state, there is one every
    LINE_SECONDS.
    """
    quiet = (
        {} if sys.stderr.isatty() else {"mininterval": LINE_SECONDS, "maxinterval": LINE_SECONDS}
    )
    return tqdm(total=total, initial=done, unit=f" {unit}", **{**quiet, **options})
