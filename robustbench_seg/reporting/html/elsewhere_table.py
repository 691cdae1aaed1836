"""Published results of the dataset that are not ranked, and why."""

import pandas as pd

from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.html.table import Cell, Column, Table, TableRow
from robustbench_seg.reporting.literature.published_tables import table_description
from robustbench_seg.text import number


def elsewhere_table(found: pd.DataFrame, dataset: str) -> Table | None:
    """Return published results of a dataset that are not ranked, and why; None if there are none.

    Args:
        found: See PublishedResults.elsewhere.
        dataset: Name of the dataset.
    """
    if found.empty:
        return None
    columns = [
        Column("model"),
        Column("source", is_left_aligned=True),
        Column("under", is_left_aligned=True),
        Column(CLEAN.name),
        Column("mean", "over the corruptions of its own protocol"),
        Column("why it is not ranked", is_left_aligned=True),
    ]
    rows = []
    for row in found.to_dict("records"):
        title = table_description(row["source"]).title
        rows.append(
            TableRow(
                [
                    Cell(row["model"]),
                    Cell(title, title=f"reports/published/{row['source']}.csv", css_class="text"),
                    Cell(row["under"], css_class="text"),
                    *(Cell(number(row[name])) for name in (CLEAN.name, "mean")),
                    Cell(row["reason"], css_class="text"),
                ]
            )
        )
    caption = f"Published scores on {dataset}, measured differently; mIoU in percent."
    note = "Mean: over the corruptions of the row's own protocol."
    return Table(caption, columns, rows, note=note)
