"""Classes under corruption, in a table and in words."""

import pandas as pd

from robustbench_seg.records.protocol import CLEAN
from robustbench_seg.reporting.page.views import Cell, Column, Group, Table, TableRow, number
from robustbench_seg.reporting.panels import Panel

LEARNT = 10.0
"""Clean IoU in percent below which a class is not said to fall: it was never up."""

FIRST = 3
"""So many classes are named."""


def class_table(panel: Panel) -> Table:
    """Class x (each model's clean IoU, mean over the corruptions, and the loss)."""
    groups, columns = [Group("", 1)], [Column("class")]
    for run in panel.measured:
        groups.append(Group(run.model, 3))
        columns += [
            Column("clean", starts_group=True),
            Column("corrupted", "mean over the corruptions"),
            Column("loss", "clean - corrupted, in points"),
        ]
    grids = [panel.class_grid(run.model) for run in panel.measured]
    cleans = [grid[CLEAN.name].to_numpy(float) for grid in grids]
    means = [grid.drop(columns=CLEAN.name).to_numpy(float).mean(axis=1) for grid in grids]
    rows = []
    for place, name in enumerate(panel.classes):
        cells = [Cell(name)]
        for clean, mean in zip(cleans, means, strict=True):
            cells.append(Cell(number(clean[place]), classes="starts"))
            cells += [Cell(number(mean[place])), Cell(number(clean[place] - mean[place]))]
        rows.append(TableRow(cells))
    note = "IoU in percent. A class that occurs nowhere has no score."
    return Table(f"{panel.name}: classes.", columns, rows, note=note, groups=groups)


def fallen(panel: Panel) -> str:
    """Which classes fall first: what is left of them at severity 1, and who stands."""
    each = pd.DataFrame({run.model: _kept(panel, run.model) for run in panel.measured})
    kept = each.mean(axis=1).dropna().sort_values(kind="stable")
    if len(kept) < 2 * FIRST:
        return ""
    names = [f"{name} ({share:.0f} %)" for name, share in zip(kept.index, kept, strict=True)]
    low, high = ", ".join(names[:FIRST]), ", ".join(names[::-1][:FIRST])
    return (
        "At severity 1, averaged over the corruptions and the models, these classes keep the least "
        f"of their clean IoU: {low}. These keep the most: {high}. Classes below {LEARNT:.0f} % on "
        "clean images are left out."
    )


def _kept(panel: Panel, model: str) -> "pd.Series[float]":
    """Of each learnt class, the share of the clean IoU at severity 1, percent."""
    rows = panel.per_class[panel.per_class["model"] == model]
    clean = rows[rows["corruption"] == CLEAN.name].set_index("class")["iou"]
    first = rows[(rows["severity"] == 1) & rows["corruption"].isin(panel.protocol.names)]
    grid = first.pivot(index="class", columns="corruption", values="iou")
    means = grid.reindex(columns=list(panel.protocol.names)).mean(axis=1, skipna=False)
    share: pd.Series[float] = 100 * means / clean.where(clean >= LEARNT)
    return share.reindex(list(panel.classes))
