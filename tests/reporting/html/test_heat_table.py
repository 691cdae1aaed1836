"""The coloured table of scores: which value has which colour, and where categories start."""

import math

import numpy as np
import pandas as pd

from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.reporting.html.heat_table import STEPS, heat_table, value_span
from robustbench_seg.reporting.html.table import Cell

PROTOCOL = load_protocol()


def table_of(*rows):
    """Rows of models: {name of a column: score}; every other score is 50."""
    scores = pd.DataFrame(
        [dict.fromkeys(("clean", *PROTOCOL.names), 50.0) | row for row in rows]
    ).assign(model=[f"m{n}" for n in range(len(rows))], source="measured")
    return heat_table(scores, PROTOCOL, "caption", lambda model, source: Cell(model))


def cells(table):
    """The cells of each row by the names of the columns."""
    names = [column.name for column in table.columns]
    return [dict(zip(names, row.cells, strict=True)) for row in table.rows]


def test_the_lowest_and_the_highest_value_have_the_ends_of_the_ramp():
    table = table_of({"clean": 60.0, "fog": 40.0}, {"snow": 55.0, "frost": math.nan})
    assert len(table.ramp) == STEPS
    backgrounds = [bytes.fromhex(style.removeprefix("background:#")[:6]) for style in table.ramp]
    brightness = [float(np.dot(list(each), (0.21, 0.72, 0.07))) for each in backgrounds]
    assert brightness == sorted(set(brightness), reverse=True), "a higher value is darker"
    first, second = cells(table)
    assert first["fog"].style == table.ramp[0]
    assert first["clean"].style == table.ramp[-1]
    assert first["snow"].style == table.ramp[(STEPS - 1) // 2]
    assert second["snow"].style == table.ramp[3 * (STEPS - 1) // 4]
    assert (second["snow"].text, second["snow"].value) == ("55.0", 55.0)
    empty = second["frost"]
    assert (empty.text, empty.value, empty.style) == ("", None, None)
    assert empty.css_class.split()[-1] == "empty"


def test_equal_values_have_the_middle_of_the_ramp():
    table = table_of({})
    assert {cell.style for cell in table.rows[0].cells[1:]} == {table.ramp[(STEPS - 1) // 2]}


def test_the_span_is_without_missing_values():
    assert value_span(np.array([[math.nan, 3.0], [70.0, 5.0]])) == (3, 70)
    assert value_span(np.array([math.nan])) == (0, 100)


def test_a_value_stands_in_the_column_of_its_corruption():
    rows = {name: float(n) for n, name in enumerate(("clean", *PROTOCOL.names))}
    (row,) = cells(table_of(rows))
    for name, value in rows.items():
        assert row[name.replace("_", " ")].value == value


def test_categories_head_and_separate_their_corruptions():
    table = table_of({})
    wanted = [("", 2)] + [(name, len(specs)) for name, specs in PROTOCOL.by_category.items()]
    assert [(group.name, group.span) for group in table.groups] == wanted
    starts = np.cumsum([width for _, width in wanted])[:-1].tolist()
    assert [n for n, column in enumerate(table.columns) if column.starts_group] == starts
    for place, cell in enumerate(table.rows[0].cells):
        assert ("starts" in (cell.css_class or "").split()) == (place in starts)


def test_the_header_names_the_severities_that_are_averaged():
    titles = {column.name: column.title for column in table_of({}).columns}
    assert titles["gaussian noise"] == "mean over severities 1, 2, 3"
    assert titles["fog"] == "mean over severities 1, 2, 3, 4, 5"
