"""A DataFrame as the text of a CSV, LaTeX or Markdown file.

Names are data. A cell that a spreadsheet would run as a formula is made text; LaTeX and Markdown
signs in it are escaped.
"""

import io
from collections.abc import Mapping
from itertools import groupby
from typing import Any

import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv(table: pd.DataFrame) -> str:
    """Return a table as CSV: four digits, and an apostrophe before text that is like a formula."""
    safe = table.copy()
    safe.columns = [_not_a_formula(name) for name in table.columns]
    for column in safe.columns[[_is_text(table[name]) for name in table.columns]]:
        safe[column] = safe[column].map(_not_a_formula)
    buffer = io.StringIO()
    safe.to_csv(buffer, index=False, float_format="%.4f", lineterminator="\n")
    return buffer.getvalue()


def grouped_latex(table: pd.DataFrame, groups: Mapping[str, str], caption: str, label: str) -> str:
    """Return a LaTeX table across both columns of a page, as wide as the text.

    It needs the packages booktabs and graphicx.

    Args:
        table: Text columns are aligned to the left, numbers to the right with one digit.
        groups: Column name -> the header above it and its neighbours of the same group.
        caption: The caption.
        label: The label.
    """
    columns = [str(name) for name in table.columns]
    texts = [_is_text(table[name]) for name in table.columns]
    above, rules, place = [], [], 1
    for name, inside in groupby(columns, key=lambda column: groups.get(column, "")):
        width = len(list(inside))
        above.append(rf"\multicolumn{{{width}}}{{c}}{{{_latex_text(name.capitalize())}}}")
        if name:
            rules.append(rf"\cmidrule(lr){{{place}-{place + width - 1}}}")
        place += width
    rows = [" & ".join(map(_latex_cell, row)) + r" \\" for row in table.itertuples(index=False)]
    head = " & ".join(rf"\rotatebox{{90}}{{{_latex_text(c)}}}" if c in groups else _latex_text(c)
                      for c in columns)  # fmt: skip
    lines = [
        r"% \usepackage{booktabs,graphicx}",
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{_latex_text(caption)}}}",
        rf"\label{{{label}}}",
        r"\resizebox{\linewidth}{!}{%",
        rf"\begin{{tabular}}{{{''.join('l' if text else 'r' for text in texts)}}}",
        r"\toprule",
        " & ".join(above) + r" \\",
        "".join(rules),
        head + r" \\",
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}%",
        "}",
        r"\end{table*}",
    ]
    return "\n".join(lines) + "\n"


def markdown(table: pd.DataFrame) -> str:
    """Return a table as GitHub Markdown: text to the left, numbers to the right, one digit."""
    rules = ["---" if _is_text(table[name]) else "--:" for name in table.columns]
    rows = [[_shown(value) for value in row] for row in table.itertuples(index=False)]
    lines = [[_shown(name) for name in table.columns], rules, *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _is_text(column: "pd.Series[Any]") -> bool:
    return not pd.api.types.is_numeric_dtype(column)


def _not_a_formula(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _shown(value: object) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.1f}"
    text = str(value).replace("\\", "\\\\").replace("|", "\\|")
    return " ".join(text.replace("<", "&lt;").split())


def _latex_cell(value: object) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.1f}"
    return _latex_text(" ".join(str(value).split()))


def _latex_text(text: str) -> str:
    signs = {"\\": r"\textbackslash ", "~": r"\textasciitilde ", "^": r"\textasciicircum "}
    return "".join(signs.get(c, f"\\{c}" if c in "&%$#_{}" else c) for c in text)
