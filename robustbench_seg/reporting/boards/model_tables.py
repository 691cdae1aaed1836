"""The tables of a model's page: its classes, its worst conditions, and all its scores."""

import math
from collections.abc import Mapping

import pandas as pd

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.boards.board import Board, RankedScore
from robustbench_seg.reporting.html.table import Cell, Column, Table, TableRow
from robustbench_seg.reporting.ranking.class_grid import class_grid
from robustbench_seg.reporting.ranking.estimate import ends_text
from robustbench_seg.text import number

WORST_CONDITIONS = 15
"""Number of worst conditions on the page."""


def class_table(rows: pd.DataFrame, protocol: Protocol) -> Table | None:
    """Return the classes of a model, weakest first; None if no class has a score.

    Args:
        rows: Its rows of tables/per_class.csv.
        protocol: Its protocol.
    """
    grid = class_grid(rows, protocol, list(dict.fromkeys(rows["class"].tolist())))
    averaged = list(protocol.averaged_names)
    cells, clean = grid[averaged].to_numpy(float), grid[CLEAN.name].to_numpy(float)
    means = grid[averaged].mean(axis=1, skipna=False)
    if means.isna().all():
        return None
    worst = [averaged[index] for index in cells.argmin(axis=1)]
    lines = pd.DataFrame(
        {
            "mean": means,
            "clean": clean,
            "loss": clean - means,
            "worst": worst,
            "least": cells.min(axis=1),
        }
    )
    found = []
    for name, line in lines.sort_values("mean", kind="stable").iterrows():
        known = not math.isnan(line["mean"])
        found.append(
            TableRow(
                [
                    Cell(str(name)),
                    *(Cell(number(line[column])) for column in ("mean", "clean", "loss")),
                    Cell(line["worst"].replace("_", " ") if known else "", css_class="text"),
                    Cell(number(line["least"]) if known else ""),
                ]
            )
        )
    columns = [
        Column("class"),
        Column(protocol.words.adjective, f"mean over {protocol.words.over}"),
        Column("clean"),
        Column("loss", f"clean - {protocol.words.adjective}, in points"),
        Column(
            f"worst {protocol.words.noun}",
            "the one with the lowest mean over its severities",
            is_left_aligned=True,
        ),
        Column("IoU there"),
    ]
    note = "A class that occurs nowhere has no score."
    return Table("IoU of each class in percent, the weakest first.", columns, found, note=note)


def worst_conditions_table(rows: pd.DataFrame, clean: float) -> Table | None:
    """Return the scored conditions with the lowest mIoU; None if no condition is complete.

    Args:
        rows: The model's rows of tables/per_severity.csv.
        clean: Its clean mIoU in percent.
    """
    rows = rows[rows["scored"].astype(bool) & rows["miou"].notna()]
    if rows.empty:
        return None
    columns = [
        Column("condition"),
        Column("severity"),
        Column("category", is_left_aligned=True),
        Column("mIoU"),
        Column("95 % interval"),
        Column("loss", "clean - mIoU, in points"),
    ]
    found = []
    for row in rows.sort_values("miou", kind="stable").head(WORST_CONDITIONS).to_dict("records"):
        found.append(
            TableRow(
                [
                    Cell(str(row["corruption"]).replace("_", " ")),
                    Cell(str(row["severity"])),
                    Cell(str(row["category"]), css_class="text"),
                    Cell(number(float(row["miou"]))),
                    Cell(ends_text(float(row["ci_low"]), float(row["ci_high"]))),
                    Cell(number(clean - float(row["miou"]))),
                ]
            )
        )
    caption = f"The {len(found)} scored conditions with the lowest mIoU, in percent."
    return Table(caption, columns, found)


def score_table(board: Board, scores: Mapping[str, RankedScore]) -> Table:
    """Return every score of a model with its rank.

    Args:
        board: The board.
        scores: Maps the keys of the model's scores to them.
    """
    columns = [
        Column("score"),
        Column("of", is_left_aligned=True),
        Column("value"),
        Column("95 % interval"),
        Column("rank"),
    ]
    rows = []
    for key, ranked in scores.items():
        score = board.scores[key]
        cells = [
            Cell(f"{score.label} {'↑' if score.higher_is_better else '↓'}"),
            Cell(score.heading, css_class="text"),
            Cell(number(ranked.value, score.digits)),
            Cell(ends_text(ranked.low, ranked.high, score.digits)),
            Cell(ranked.rank),
        ]
        rows.append(TableRow(cells))
    note = "An arrow shows which direction is better. A rank with = is shared."
    return Table("Every score that models are ranked by.", columns, rows, note=note)
