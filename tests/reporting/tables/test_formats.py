import csv
import io
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from robustbench_seg.reporting.tables import comparison
from robustbench_seg.reporting.tables import formats as tables

NASTY = ["=1+1", "+cmd", "-x", "@sum", "\ttab", "plain, with comma", 'quote "q"', "a\nb"]


def frame() -> pd.DataFrame:
    numbers = [1.25, np.nan, -3.0, 0.0, 1e-7, 100.0, 2.0, 3.0]
    return pd.DataFrame({"model": NASTY, "mean": numbers, "images": range(8)})


def test_csv_runs_no_formula_and_keeps_numbers():
    rows = list(csv.reader(io.StringIO(tables.csv(frame()))))
    assert rows[0] == ["model", "mean", "images"]
    assert [row[0] for row in rows[1:]] == [
        *("'=1+1", "'+cmd", "'-x", "'@sum", "'\ttab", "plain, with comma", 'quote "q"', "a\nb")
    ]
    assert [row[1] for row in rows[1:4]] == ["1.2500", "", "-3.0000"]
    assert rows[1][2] == "0"


def test_a_value_that_rounds_to_zero_has_no_sign():
    near, rounded = (pd.DataFrame({"loss": values}) for values in ([-0.04, -0.06], [0.0, -0.1]))
    assert tables.markdown(near) == tables.markdown(rounded)
    assert comparison._score_text(-0.04, -0.02, 0.02, sign="+") == "+0.0 [+0.0, +0.0]"


def test_csv_of_a_formula_as_column_name():
    assert tables.csv(pd.DataFrame({"=A1": [1]})) == "'=A1\n1\n"


def test_latex_escapes_and_rules():
    names = ["a_b", "50 % & $x$", "#1 {~^\\}"]
    table = pd.DataFrame({"model_name": names, "fog": 1.0, "snow": 2.0, "mean": [1.25, np.nan, 3]})
    text = tables.grouped_latex(table, {"fog": "weather", "snow": "weather"}, "50 %", "t")
    for wanted in (
        r"\toprule",
        r"\midrule",
        r"\bottomrule",
        r"a\_b & 1.0 & 2.0 & 1.2 \\",
        r"50 \% \& \$x\$ & 1.0 & 2.0 &  \\",
        r"\#1 \{",
        r"model\_name & \rotatebox{90}{fog} & \rotatebox{90}{snow} & mean \\",
        r"\multicolumn{1}{c}{} & \multicolumn{2}{c}{Weather} & \multicolumn{1}{c}{} \\",
        r"\cmidrule(lr){2-3}",
        r"\caption{50 \%}",
        r"\begin{tabular}{lrrr}",
    ):
        assert wanted in text


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no pdflatex here")
def test_latex_compiles(tmp_path):
    rows = pd.DataFrame({"a_b": ["#1 {~^\\} $ & % _"], "mean": [1.0]})
    table = tables.grouped_latex(rows, {"mean": "all"}, "50 %", "t")
    packages = r"\documentclass{article}\usepackage{booktabs,graphicx}"
    document = rf"{packages}\begin{{document}}{table}\end{{document}}"
    (tmp_path / "t.tex").write_text(document)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)


def test_markdown_keeps_its_columns_whatever_the_cells_hold():
    table = pd.DataFrame(
        {"model": ["a|b", "x\\", "two\nlines", "<b>"], "mean": [1.25, np.nan, 2, 3]}
    )
    lines = tables.markdown(table).splitlines()
    assert lines == [
        "| model | mean |",
        "| --- | --: |",
        r"| a\|b | 1.2 |",
        r"| x\\ |  |",
        "| two lines | 2.0 |",
        r"| \<b\> | 3.0 |",
    ]
