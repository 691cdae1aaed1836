import re

from robustbench_seg.reporting.cost_report import cost
from robustbench_seg.reporting.tables.costs import cost_text, published_cost_text


def test_text_leaves_out_what_no_row_has_and_marks_what_one_lacks():
    *lines, blank, legend = cost_text(
        cost(["segformer-b0", "deeplabv3plus-mobilenetv2"])
    ).splitlines()
    heads = [
        *("model", "classes", "size", "params M", "paper params M", "GMAC", "GMAC written"),
        *("paper GMAC", "paper images/s", "mIoU"),
    ]
    assert re.split(" {2,}", lines[0]) == heads
    assert len(set(heads)) == len(heads), "each column has a name of its own"
    assert lines[1].split()[3:5] == ["3.72", "3.8"]
    assert lines[2].split()[-2:] == ["-", "-"]
    assert {len(line) for line in lines} == {len(lines[0])}
    assert (blank, legend[:6]) == ("", "GMAC: ")
    assert "GMAC written: " in legend
    others = published_cost_text().splitlines()
    assert others[0].split()[:3] == ["table", "model", "dataset"]
    assert ["2", "ICNet", "cityscapes", "-", "-", "30.3", "67.7"] in map(str.split, others)
