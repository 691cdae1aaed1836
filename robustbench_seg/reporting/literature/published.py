"""The published tables: numbers of papers, kept as CSV files in `reports/published/`."""

from importlib import resources

import pandas as pd

from robustbench_seg.errors import ResultsError, unknown


def published_table(name: str) -> pd.DataFrame:
    """Read a table of `reports/published/`, with its cells as printed.

    Args:
        name: The file's name without suffix.

    Raises:
        ResultsError: There is no table of that name.
    """
    folder = resources.files("robustbench_seg.content.reports") / "published"
    names = sorted(file.name.removesuffix(".csv") for file in folder.iterdir())
    if name not in names:
        raise ResultsError(unknown("published table", name, names))
    with (folder / f"{name}.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file)
