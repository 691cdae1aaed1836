"""A progress bar with the remaining time, on stderr; occasional lines without a terminal."""

import sys
from typing import Any

from tqdm import tqdm

LINE_SECONDS = 30.0

SHOWN_AFTER = 2.0
"""The `delay` in seconds of a bar for work that is often short."""


class _Bar(tqdm):  # type: ignore[type-arg]
    """A bar that writes a slow rate as "2.00s/image"; tqdm repeats the space before the unit."""

    @staticmethod
    def format_meter(*arguments: Any, **options: Any) -> str:
        return str(tqdm.format_meter(*arguments, **options)).replace("s/ ", "s/")


def progress_bar(total: int, done: int = 0, *, unit: str = "image", **options: Any) -> "tqdm[Any]":
    """Make a bar of `total` steps, of which `done` are already complete.

    options: any options of tqdm. A log file gets a line only every LINE_SECONDS, because it keeps
    all of them.
    """
    quiet = (
        {} if sys.stderr.isatty() else {"mininterval": LINE_SECONDS, "maxinterval": LINE_SECONDS}
    )
    return _Bar(total=total, initial=done, unit=f" {unit}", **{**quiet, **options})
