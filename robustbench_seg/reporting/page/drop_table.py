"""The table of drops: clear against adverse conditions at the same places."""

from robustbench_seg.reporting.html.table import Cell, Column, Table, TableRow
from robustbench_seg.reporting.panels import Panel
from robustbench_seg.reporting.ranking.estimate import ends_text
from robustbench_seg.text import number


def drop_table(panel: Panel) -> Table | None:
    """Return the drops of a panel as a table, or None if there are none."""
    if panel.drops.empty:
        return None
    columns = [
        Column("model"),
        Column("images of", "the dataset or its condition", is_left_aligned=True),
        Column("places", "that both runs have"),
        Column("clear", "mIoU of the references"),
        Column("adverse", "mIoU of the same places under the condition"),
        Column("drop", "clear - adverse, in points"),
        Column("95 % interval", "of the drop"),
    ]
    rows = [
        TableRow(
            [
                Cell(row["model"]),
                Cell(row["dataset"], css_class="text"),
                Cell(str(row["images"])),
                *(Cell(number(row[name])) for name in ("clear", "adverse", "drop")),
                Cell(ends_text(row["ci_low"], row["ci_high"])),
            ]
        )
        for row in panel.drops.to_dict("records")
    ]
    caption = "mIoU in percent of the same places under clear and under adverse conditions."
    note = (
        "Places: those that both runs have. Drop: clear - adverse, in points, with its 95 % "
        "interval. "
        f"Each draw of the bootstrap over {panel.sampling_unit} takes the same places in both."
    )
    return Table(caption, columns, rows, note=note)
