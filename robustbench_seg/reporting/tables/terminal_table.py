"""The rankings as plain text, for a terminal."""

from collections.abc import Sequence

from robustbench_seg.reporting.panels import Panel
from robustbench_seg.results import CHIEF_COLUMNS
from robustbench_seg.text import number, one_line, text_table


def terminal_table(panels: Sequence[Panel]) -> str:
    """Return the rankings as plain text: rank, model, clean, mean, retention and categories."""
    tables = []
    for panel in panels:
        lines = [["", "model", *CHIEF_COLUMNS, *panel.protocol.categories]]
        for row in panel.ranking:
            mark = "" if row.model else " (published)"
            scores = [row.scores[name] for name in CHIEF_COLUMNS]
            cells = [number(value) or "-" for value in (*scores, *row.categories.values())]
            lines.append([row.rank and f"{row.rank}.", row.name + mark, *cells])
        averaged = f"averaged: severities {panel.protocol.words.scored_text}"
        title = f"{panel.name}: mIoU, percent; {averaged}"
        tables.append(f"{one_line(title)}\n{text_table(lines, left=[1])}")
    return "\n\n".join(tables)
