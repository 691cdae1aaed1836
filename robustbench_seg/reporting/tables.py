"""Tables as files: CSV, LaTeX, Markdown and Parquet, all from one DataFrame.

Names are data. A cell that a spreadsheet would run as a formula is made text; LaTeX and Markdown
signs in it are escaped.
"""

import io
from pathlib import Path
from typing import Any

import pandas as pd

from robustbench_seg.files import atomic_path, write_text

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_table(table: pd.DataFrame, folder: Path, name: str, caption: str) -> None:
    """Write `table` as NAME.csv, .tex, .md and .parquet into `folder`.

    CSV and Parquet hold full numbers, LaTeX and Markdown one digit after the point. A nan is an
    empty cell.
    """
    write_text(folder / f"{name}.csv", csv(table))
    write_text(folder / f"{name}.tex", latex(table, caption, f"tab:{name}"))
    write_text(folder / f"{name}.md", markdown(table))
    with atomic_path(folder / f"{name}.parquet") as partial:
        table.to_parquet(partial, index=False)


def csv(table: pd.DataFrame) -> str:
    """Comma-separated, four digits, texts that start like a formula led by an apostrophe."""
    safe = table.copy()
    safe.columns = [_not_a_formula(name) for name in table.columns]
    for column in safe.columns[[_is_text(table[name]) for name in table.columns]]:
        safe[column] = safe[column].map(_not_a_formula)
    buffer = io.StringIO()
    safe.to_csv(buffer, index=False, float_format="%.4f", lineterminator="\n")
    return buffer.getvalue()


def latex(table: pd.DataFrame, caption: str, label: str) -> str:
    """A booktabs table; the packages booktabs and graphicx are all it needs."""
    styler = table.style.hide(axis="index").format(precision=1, na_rep="", escape="latex")
    styler = styler.format_index(escape="latex", axis=1)
    columns = "".join("l" if _is_text(table[name]) else "r" for name in table.columns)
    body = styler.to_latex(hrules=True, column_format=columns).rstrip()
    heading = f"\\caption{{{_latex_text(caption)}}}\n\\label{{{label}}}\n"
    return (
        f"\\begin{{table}}\n\\centering\n{heading}\\resizebox{{\\linewidth}}{{!}}{{%\n"
        f"{body}%\n}}\n\\end{{table}}\n"
    )


def markdown(table: pd.DataFrame) -> str:
    """A GitHub table: texts left, numbers right."""
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


def _latex_text(text: str) -> str:
    signs = {"\\": r"\textbackslash ", "~": r"\textasciitilde ", "^": r"\textasciicircum "}
    return "".join(signs.get(c, f"\\{c}" if c in "&%$#_{}" else c) for c in text)
