"""The published tables: numbers of papers, in `reports/published/`.

Each is a CSV file with the cells as printed, and a TOML file of the same name that states their
source and how they were measured.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pandas as pd

from robustbench_seg.codec import parse_toml
from robustbench_seg.content import content_folder
from robustbench_seg.errors import CardError, ResultsError, unknown
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.literature.table_description import (
    ATTACK_COLUMNS,
    IDENTITY_COLUMNS,
    MEAN,
    TableDescription,
)


def list_published_tables() -> tuple[str, ...]:
    """Names of the published tables."""
    return _names(_folder())


@cache
def table_description(name: str) -> TableDescription:
    """Return the content of a table's TOML file.

    Args:
        name: The file's name without suffix.

    Raises:
        ResultsError: There is no table of that name.
    """
    return _description(_folder(), name)


def published_table(name: str) -> pd.DataFrame:
    """Read a table of `reports/published/`, with its cells as printed.

    Args:
        name: The file's name without suffix.

    Raises:
        ResultsError: There is no table of that name.
    """
    return read_published_table(_folder(), name)[1]


def read_published_table(folder: Path, name: str) -> tuple[TableDescription, pd.DataFrame]:
    """Read a table and its description, and check that the two fit together.

    Args:
        folder: The folder of the tables.
        name: The files' name without suffix.

    Returns:
        The description, and the cells as printed.

    Raises:
        ResultsError: There is no table of that name; a column has no description, or a description
            has no column; a score is not a percentage; a row is listed twice.
        CardError: The TOML file is missing or wrong.
    """
    description = _description(folder, name)
    with (folder / f"{name}.csv").open(encoding="utf-8") as file:
        table = pd.read_csv(file)
    where = f"{name}.csv"
    standard = {*IDENTITY_COLUMNS, CLEAN.name, MEAN, *description.corruptions} - set(
        description.columns
    )
    for column in table.columns:
        if column not in standard and column not in description.columns:
            raise ResultsError(
                f"{where}: the column '{column}' is not described; describe it in [columns] of "
                f"{name}.toml"
            )
    if absent := [column for column in description.columns if column not in table]:
        raise ResultsError(f"{where}: {name}.toml describes '{absent[0]}', which is not a column")
    if description.kind == "scores":
        _check_scores(table, description, where)
    return description, table


def score_columns(table: pd.DataFrame) -> Sequence[str]:
    """The mIoU columns of a table of kind "scores"."""
    return [str(column) for column in table.columns if column not in IDENTITY_COLUMNS]


def _check_scores(table: pd.DataFrame, description: TableDescription, where: str) -> None:
    if "model" not in table:
        raise ResultsError(f"{where}: there is no column 'model'")
    if ("dataset" in table) == (description.dataset is not None):
        raise ResultsError(
            f"{where}: the dataset is a column or a key of the TOML file; give one of the two"
        )
    keys = [name for name in ("model", "dataset", "crop", *ATTACK_COLUMNS) if name in table]
    if (twice := table.duplicated(keys)).any():
        raise ResultsError(f"{where}: {_named(table[keys][twice])} is listed twice; keep one row")
    for column in score_columns(table):
        values = pd.to_numeric(table[column], errors="coerce")
        wrong = table[column].notna() & ~values.between(0, 100)
        if wrong.any():
            cell = table[column][wrong].iloc[0]
            raise ResultsError(
                f"{where}: {_named(table[keys][wrong])}: {column} is {cell}; give percent, 0 to 100"
            )


def _named(keys: pd.DataFrame) -> str:
    return " ".join(map(str, keys.iloc[0]))


def _folder() -> Path:
    return content_folder("reports") / "published"


def _names(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in folder.glob("*.csv")))


def _description(folder: Path, name: str) -> TableDescription:
    names = _names(folder)
    if name not in names:
        raise ResultsError(unknown("published table", name, names))
    file = folder / f"{name}.toml"
    if not file.is_file():
        raise CardError(
            f"{name}.csv: there is no {name}.toml next to it; create one that describes the table"
        )
    return parse_toml(TableDescription, file.read_text(encoding="utf-8"), file.name)
