"""The file of the option --csv."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def csv_writer(path: Path | None, columns: Sequence[str]) -> "Callable[[pd.DataFrame], None]":
    """Check the file of --csv before the work starts, and return a function that writes it.

    Args:
        path: The file. None: nothing is written.
        columns: The first columns of the table. An existing file is replaced only if it starts with
            them.

    Returns:
        The function. It takes a table and writes it to the file as CSV.

    Raises:
        FileError: Another kind of file exists there.
    """
    from robustbench_seg.files import check_own, write_text
    from robustbench_seg.reporting.tables import formats

    if path is None:
        return lambda table: None
    check_own(path, ",".join(columns))
    return lambda table: write_text(path, formats.csv(table))
