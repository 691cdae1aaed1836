"""A comparison of two models as text."""

import pandas as pd

from robustbench_seg.text import counted, text_table


def comparison_text(table: pd.DataFrame, noun: str) -> str:
    """Return the averages in the table of `rs.compare` as text, and count its verdicts."""
    return f"{_table_text(table)}\n{_verdict_line(table, noun)}"


def _table_text(table: pd.DataFrame) -> str:
    rows = table[table["kind"].isin(["clean", "corruption", "category", "summary"])]
    head = ["", "severities", "A", "B", "A - B", "p", "better"]
    lines, kind = [head], "clean"
    for row in rows.to_dict("records"):
        if row["kind"] != kind:
            lines.append([""] * len(head))
            kind = row["kind"]
        p = row["p_holm"] if kind == "corruption" else row["p"]
        lines.append(
            [
                row["score"].replace("_", " "),
                row["severities"],
                _score_text(row["A"], row["A_low"], row["A_high"]),
                _score_text(row["B"], row["B_low"], row["B_high"]),
                _score_text(row["difference"], row["low"], row["high"], sign="+"),
                _p_text(p),
                row["verdict"] or row["reason"],
            ]
        )
    return text_table(lines, left=[0, 1, len(head) - 1])


def _score_text(score: float, low: float, high: float, sign: str = "") -> str:
    if score != score:
        return "-"
    ends = f" [{low:{sign}.1f}, {high:{sign}.1f}]" if low == low else ""
    return f"{score:{sign}.1f}{ends}"


def _p_text(p: float) -> str:
    if p != p:
        return ""
    return f"{p:.3f}" if p >= 0.001 else "<0.001"


def _verdict_line(table: pd.DataFrame, noun: str) -> str:
    verdicts = table.loc[table["kind"] == "corruption", "verdict"]
    counts = {name: int((verdicts == name).sum()) for name in ("A", "B", "open")}
    number = counted(sum(counts.values()), noun)
    return (
        f"\nBetter at 5 % after Holm's adjustment for {number}: A on {counts['A']}, B on "
        f"{counts['B']}, open on {counts['open']}. The p of other rows are not adjusted."
    )
