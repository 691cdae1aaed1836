"""Classes under corruption, in a table and in words."""

import pandas as pd

from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.html.class_map_facts import class_map_note
from robustbench_seg.reporting.html.table import Cell, Column, ColumnGroup, Table, TableRow
from robustbench_seg.reporting.panels import Panel
from robustbench_seg.text import number

MIN_CLEAN_IOU = 10.0
"""Clean IoU, in percent, below which the text leaves out a class, because it was never learnt."""

NAMED_CLASSES = 3
"""Number of classes that the text names at each end."""


def class_table(panel: Panel) -> Table:
    """Return a row for each class: each model's clean IoU, mean over the corruptions, and loss."""
    groups, columns = [ColumnGroup("", 1)], [Column("class")]
    for model in panel.models:
        groups.append(ColumnGroup(model.name, 3))
        columns += [
            Column("clean", starts_group=True),
            Column(panel.protocol.words.adjective, f"mean over {panel.protocol.words.over}"),
            Column("loss", f"clean - {panel.protocol.words.adjective}, in points"),
        ]
    grids = [panel.class_grid(model.name) for model in panel.models]
    cleans = [grid[CLEAN.name].to_numpy(float) for grid in grids]
    averaged = list(panel.protocol.averaged_names)
    means = [grid[averaged].to_numpy(float).mean(axis=1) for grid in grids]
    rows = []
    for index, name in enumerate(panel.classes):
        cells = [Cell(name)]
        for clean, mean in zip(cleans, means, strict=True):
            cells.append(Cell(number(clean[index]), css_class="starts"))
            cells += [Cell(number(mean[index])), Cell(number(clean[index] - mean[index]))]
        rows.append(TableRow(cells))
    words = panel.protocol.words
    notes = [
        f"IoU in percent. {words.adjective.capitalize()}: mean over {words.over}; loss: clean - "
        f"{words.adjective}, in points. A class that no image contains scores 0 if the model "
        "predicts it; if not, it is blank, and so is a mean with such a condition."
    ]
    notes += [class_map_note(model.record, model.name) for model in panel.models]
    note = " ".join(filter(None, notes))
    return Table(f"{panel.name}: classes.", columns, rows, note=note, groups=groups)


def class_losses_text(panel: Panel) -> str:
    """Return the classes that keep the least and the most of their clean IoU at severity 1.

    Returns:
        The text; empty if too few classes have a score.
    """
    shares = pd.DataFrame({model.name: _kept_shares(panel, model.name) for model in panel.models})
    means = shares.mean(axis=1).dropna().sort_values(kind="stable")
    if len(means) < 2 * NAMED_CLASSES:
        return ""
    names = [f"{name} ({share:.0f} %)" for name, share in zip(means.index, means, strict=True)]
    low, high = ", ".join(names[:NAMED_CLASSES]), ", ".join(names[::-1][:NAMED_CLASSES])
    over = panel.protocol.words.over
    return (
        f"At severity 1, averaged over {over} and the models, these classes keep the smallest "
        f"share of their clean IoU: {low}. These keep the largest: {high}. The shares have no "
        f"intervals, and those of rare classes vary most between images. Classes below "
        f"{MIN_CLEAN_IOU:.0f} % on clean images are left out. The figures and the table below "
        "average all scored severities; tables/per_class.csv has each."
    )


def _kept_shares(panel: Panel, name: str) -> "pd.Series[float]":
    """The share of the clean IoU that each class keeps at severity 1, in percent."""
    rows = panel.per_class[panel.per_class["model"] == name]
    clean = rows[rows["corruption"] == CLEAN.name].set_index("class")["iou"]
    averaged = list(panel.protocol.averaged_names)
    first = rows[(rows["severity"] == 1) & rows["corruption"].isin(averaged)]
    grid = first.pivot(index="class", columns="corruption", values="iou")
    means = grid.reindex(columns=averaged).mean(axis=1, skipna=False)
    shares: pd.Series[float] = 100 * means / clean.where(clean >= MIN_CLEAN_IOU)
    return shares.reindex(list(panel.classes))
