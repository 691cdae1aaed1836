"""Tables of a few rows: that the copies are right, against other numbers of their sources."""

import pytest

from robustbench_seg.reporting.literature.published_tables import published_table, table_description


def test_each_model_of_krlozz_loses_what_the_source_prints():
    # delta_miou of outputs/tables/robustness_cnn.csv and robustness_sf.csv.
    losses = {
        "DeepLabV3": [0.13961, 0.11061, 0.67415, 0.00820, 0.00780, 0.43875],
        "SegFormer-B0": [0.06447, 0.07456, 0.17371, 0.00805, 0.00481, 0.12227],
    }
    rows = published_table("krlozz").set_index("model")
    corruptions = list(table_description("krlozz").columns)
    for model, wanted in losses.items():
        row = rows.loc[model]
        found = (row["clean"] - row[corruptions]) / 100
        assert found.tolist() == pytest.approx(wanted, abs=1.01e-4), model


def test_the_means_of_hgformer_are_those_of_its_cells():
    table = published_table("hgformer")
    columns = table_description("hgformer").columns
    corruptions = [name for name in columns if not name.startswith("acdc")]
    assert len(corruptions) == 16
    assert table[corruptions].mean(axis=1).tolist() == pytest.approx(table["mean"], abs=0.005)
