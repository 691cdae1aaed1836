"""Text tables: columns line up, as the terminal shows them."""

import pytest

from robustbench_seg.text import text_table

ROWS = [["", "model", "mIoU"], ["1.", "a", "9.5"], ["", "", ""], ["10.", "longer", "-"]]


def test_columns_line_up_on_the_side_that_is_asked_for():
    assert text_table(ROWS, left=[1]).splitlines() == [
        "     model   mIoU",
        " 1.  a        9.5",
        "",
        "10.  longer     -",
    ]
    assert text_table(ROWS, left=range(3)).splitlines()[1:] == [
        "1.   a       9.5",
        "",
        "10.  longer  -",
    ]


def test_rows_of_other_lengths_are_a_mistake():
    with pytest.raises(ValueError, match="argument"):
        text_table([["a", "b"], ["c"]])
