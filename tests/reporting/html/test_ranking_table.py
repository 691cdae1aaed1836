"""The table of a ranking: each column builds its cells from the rows."""

import pytest

from robustbench_seg.reporting.html.ranking_table import name_column, ranking_table, score_column
from robustbench_seg.reporting.html.table import Column
from robustbench_seg.reporting.panels import read_panels
from robustbench_seg.reporting.ranking.estimate import Estimate


def test_a_column_of_a_score_that_the_rows_lack_is_an_error(run):
    (panel,) = read_panels([run("alpha")])
    column = score_column(Column("x"), lambda row: Estimate(row.scores["no such score"]))
    with pytest.raises(KeyError, match="no such score"):
        ranking_table("", [column], panel.ranking)


def test_a_score_without_a_value_is_an_empty_cell_and_one_without_an_interval_has_no_title(run):
    (panel,) = read_panels([run("alpha"), run("beta")])
    scores = {"alpha": Estimate(50.04, 49.0, 51.06), "beta": Estimate(40.0)}
    columns = [
        name_column(),
        score_column(Column("known"), lambda row: scores[row.name]),
        score_column(Column("unknown"), lambda row: Estimate(float("nan"))),
    ]
    table = ranking_table("A caption.", columns, panel.ranking)
    assert [column.name for column in table.columns] == ["model", "known"]
    cells = {row.cells[0].text: row.cells[1] for row in table.rows}
    assert (cells["alpha"].text, cells["beta"].text) == ("50.0", "40.0")
    assert cells["alpha"].title == "95 % interval 49.0 to 51.1"
    assert cells["beta"].title is None
