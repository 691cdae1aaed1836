"""Published rows of the dataset that do not rank, and why."""

from robustbench_seg.records.protocol import CLEAN
from robustbench_seg.reporting.literature.published import published_facts
from robustbench_seg.reporting.page.table import Cell, Column, Table, TableRow
from robustbench_seg.reporting.panels import Panel
from robustbench_seg.text import number


def elsewhere_table(panel: Panel) -> Table | None:
    """Return the published rows that the panel neither ranks nor shows apart; None without any."""
    found = panel.published_elsewhere
    if found is None or found.empty:
        return None
    columns = [
        Column("model"),
        Column("source", "a file in reports/published", text=True),
        Column("under", text=True),
        Column(CLEAN.name),
        Column("mean", "over the corruptions of its own protocol"),
        Column("why it does not rank", text=True),
    ]
    rows = []
    for row in found.to_dict("records"):
        title = published_facts(row["source"]).title
        rows.append(
            TableRow(
                [
                    Cell(row["model"]),
                    Cell(row["source"], title=title, classes="text"),
                    Cell(row["under"], classes="text"),
                    *(Cell(number(row[name])) for name in (CLEAN.name, "mean")),
                    Cell(row["reason"], classes="text"),
                ]
            )
        )
    caption = f"Published scores on {panel.dataset}, measured otherwise; mIoU in percent."
    return Table(caption, columns, rows)
