"""Published results as text for the terminal."""

import pandas as pd

from robustbench_seg.reporting.literature.table_description import ATTACK_COLUMNS
from robustbench_seg.results import CHIEF_COLUMNS
from robustbench_seg.text import number, text_table

_TEXT_COLUMNS = ("source", "model", "dataset", "crop", "protocol")
_SCORE_COLUMNS = (*CHIEF_COLUMNS, "attacked_miou")


def literature_text(rows: pd.DataFrame) -> str:
    """Return rows of `literature` as lines: model, chief scores, attack and flag."""
    scores = [name for name in _SCORE_COLUMNS if name in rows]
    conditions = [name for name in ATTACK_COLUMNS if name in rows]
    lines = [[*_TEXT_COLUMNS, *scores, *conditions, "flag"]]
    for row in rows.to_dict("records"):
        cells = [number(row[name]) or "-" for name in scores]
        attack = ["-" if pd.isna(row[name]) else _value_text(row[name]) for name in conditions]
        lines.append([*(row[name] or "-" for name in _TEXT_COLUMNS), *cells, *attack, row["flag"]])
    return text_table(lines, left=[*range(len(_TEXT_COLUMNS)), len(lines[0]) - 1])


def _value_text(value: object) -> str:
    """Return a value without trailing zeros; "-" if it is empty."""
    return (f"{value:g}" if isinstance(value, float) else str(value)) or "-"


def audit_text(entries: pd.DataFrame) -> str:
    """Return the entries of `audit` as lines."""
    rows = [[cell or "-" for cell in row] for row in entries.astype(str).to_numpy().tolist()]
    return text_table([[*entries.columns], *rows], left=range(len(entries.columns)))
