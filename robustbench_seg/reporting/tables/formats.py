"""Formats a DataFrame as CSV, LaTeX or Markdown.

Names are untrusted: for each format, one function escapes all text. A cell that a spreadsheet would
run as a formula becomes text; special characters of LaTeX and Markdown are escaped.
"""

import io
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from robustbench_seg.reporting.ranking.estimate import Estimate, ends_text
from robustbench_seg.text import number, one_line

_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def csv(table: pd.DataFrame, float_format: str | None = "%.4f") -> str:
    """Return a table as CSV, with an apostrophe before text that looks like a formula.

    Text that begins with apostrophes and such a sign also gets one, so that removing one apostrophe
    always restores the text.

    Args:
        table: The table.
        float_format: The format of floats. None: all digits.
    """
    safe = table.copy()
    safe.columns = [_csv_cell(name) for name in table.columns]
    for index, name in enumerate(table.columns):
        if _is_text(table[name]):
            values = table[name].to_numpy(object)
            safe.isetitem(index, np.fromiter(map(_csv_cell, values), object, len(values)))
    buffer = io.StringIO()
    safe.to_csv(buffer, index=False, float_format=float_format, lineterminator="\r\n")
    return buffer.getvalue().replace("\r\n", "\n")


def grouped_latex(table: pd.DataFrame, groups: Mapping[str, str], caption: str, label: str) -> str:
    """Return a LaTeX table across both columns of a page, as wide as the text.

    It needs the packages booktabs and graphicx.

    Args:
        table: Text columns are aligned to the left, numbers to the right with one digit; an
            Estimate has its interval below it.
        groups: Maps a column name to the header above it and its neighbours of the same group.
        caption: The caption.
        label: The label.
    """
    columns = [str(name) for name in table.columns]
    texts = [_is_text(table[name]) for name in table.columns]
    above, rules, first = [], [], 1
    for name, inside in groupby(columns, key=lambda column: groups.get(column, "")):
        width = len(list(inside))
        above.append(rf"\multicolumn{{{width}}}{{c}}{{{latex_text(name.capitalize())}}}")
        if name:
            rules.append(rf"\cmidrule(lr){{{first}-{first + width - 1}}}")
        first += width
    rows = [" & ".join(map(_latex_cell, row)) + r" \\" for row in table.itertuples(index=False)]
    head = " & ".join(rf"\rotatebox{{90}}{{{latex_text(c)}}}" if c in groups else latex_text(c)
                      for c in columns)  # fmt: skip
    lines = [
        r"% \usepackage{booktabs,graphicx}",
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{latex_text(caption)}}}",
        rf"\label{{{label}}}",
        r"\setlength{\tabcolsep}{3pt}",
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
    """Return a table as GitHub Markdown: text to the left, numbers to the right, one digit.

    An Estimate is followed by its interval in brackets.
    """
    rules = ["---" if _is_text(table[name]) else "--:" for name in table.columns]
    rows = [[_markdown_cell(value) for value in row] for row in table.itertuples(index=False)]
    lines = [[_markdown_cell(name) for name in table.columns], rules, *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _is_text(column: "pd.Series[Any]") -> bool:
    estimates = len(column) > 0 and all(isinstance(value, Estimate) for value in column)
    return not estimates and not pd.api.types.is_numeric_dtype(column)


def _csv_cell(value: object) -> object:
    return _csv_text(value) if isinstance(value, str) else value


@lru_cache(4096)  # a column repeats a few names
def _csv_text(value: str) -> str:
    # Some readers treat a carriage return as the end of a line, and others drop it.
    text = value.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return f"'{text}" if _FORMULA.match(text) else text


def _markdown_cell(value: object) -> str:
    if isinstance(value, Estimate):
        ends = ends_text(value.low, value.high)
        return f"{number(value.value)} ({ends})" if ends else number(value.value)
    if isinstance(value, float):
        return number(value)
    return _markdown_text(str(value))


def _markdown_text(text: str) -> str:
    """Escape text so that GitHub shows it literally: no links, emphasis, formulas or HTML."""
    shown = re.sub(r"([\\`*{}\[\]()<>#!|~$&])", r"\\\1", one_line(text))
    shown = re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", shown)  # within a word, _ has no meaning
    return re.sub(
        r"(?i)(\bwww)\.|:(?=//)|:(?=\w)", lambda m: f"{m[1]}\\." if m[1] else "\\:", shown
    )


def _latex_cell(value: object) -> str:
    if isinstance(value, Estimate):
        if math.isnan(value.low):
            return number(value.value)
        ends = rf"{{\scriptsize {number(value.low)}--{number(value.high)}}}"
        return rf"\shortstack[r]{{{number(value.value)}\\{ends}}}"
    if isinstance(value, float):
        return number(value)
    return latex_text(str(value))


_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}


def latex_text(text: str) -> str:
    """Escape text so that LaTeX prints it literally, anywhere in a table."""
    escaped = "".join(_LATEX.get(character, character) for character in one_line(text))
    # After the end of a row, LaTeX would read these as options.
    return f"{{{escaped[0]}}}{escaped[1:]}" if escaped.startswith(("[", "*")) else escaped
