"""Published rows as the terminal prints them."""

import pandas as pd

from robustbench_seg.records.cards.protocol import CLEAN
from robustbench_seg.text import number, text_table

_TEXTS = ("source", "model", "dataset", "crop", "protocol")


def literature_text(rows: pd.DataFrame) -> str:
    """Return rows of `literature` as lines: what they are of, clean, mean, kept share and flag."""
    lines = [[*_TEXTS, CLEAN.name, "mean", "retention", "flag"]]
    for row in rows.to_dict("records"):
        scores = [number(row[name]) or "-" for name in (CLEAN.name, "mean", "retention")]
        lines.append([*(row[name] or "-" for name in _TEXTS), *scores, row["flag"]])
    return text_table(lines, left=[*range(len(_TEXTS)), len(lines[0]) - 1])


def audit_text(entries: pd.DataFrame) -> str:
    """Return the entries of `audit` as lines."""
    rows = [[cell or "-" for cell in row] for row in entries.astype(str).to_numpy().tolist()]
    return text_table([[*entries.columns], *rows], left=range(len(entries.columns)))
