import pytest

from robustbench_seg.errors import RobustsegError
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.reporting.literature.published_results import published_results
from robustbench_seg.reporting.literature.published_tables import published_table


def table_5():
    return published_results("cityscapes", "val", load_protocol("cityscapes-c"), 500).ranked


def test_thirteen_models_in_the_paper_s_order_and_protocol():
    table = table_5()
    assert len(table) == 13
    assert table["model"].iloc[[0, -1]].tolist() == ["DLv3+ (MBv2)", "SegFormer-B5"]
    head = ["model", "source", "dataset", "split", "protocol", "images", "clean"]
    assert list(table.columns) == [*head, *load_protocol().names, "mean", "retention"]
    where = table[["source", "dataset", "split", "protocol", "images"]].drop_duplicates()
    assert where.values.tolist() == [["published", "cityscapes", "val", "cityscapes-c", 500]]


def test_no_cell_is_mistyped():
    # Sums of the paper's Table 5; the CSV file has its cells.
    cells = published_table("cityscapes_c").drop(columns="model")
    rows = [580.8, 665.7, 707.9, 753.3, 761.1, 769.8, 514.4, 506.4, 552.1, 660.6, 632.0, 720.5,
            1135.4]  # fmt: skip
    columns = [981.3, 736.0, 674.1, 606.6, 686.6, 191.7, 192.3, 223.2, 467.4, 790.9, 677.3, 590.0,
               393.3, 199.0, 575.1, 677.0, 298.2]  # fmt: skip
    assert cells.sum(axis=1).tolist() == pytest.approx(rows)
    assert cells.sum(axis=0).tolist() == pytest.approx(columns)


def test_mean_and_retention_agree_with_later_work():
    # FAN (arXiv 2204.12451) and STL (arXiv 2401.03844, Table 4) quote 65.8 and 79.9 % for B5.
    b5 = table_5().set_index("model").loc["SegFormer-B5"]
    assert round(b5["mean"], 1) == 65.8
    assert round(b5["retention"], 1) == 79.9


def test_other_tables_are_at_hand_and_unknown_ones_are_named():
    assert len(published_table("segformer_table1a")) == 6
    with pytest.raises(RobustsegError, match=r"unknown published table 'table9'.*cityscapes_c"):
        published_table("table9")
