"""The results library as one table."""

import pytest

import robustbench_seg as rs
from robustbench_seg.errors import ResultsError
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.reporting.literature.published_tables import published_table


def test_every_row_says_what_it_is_of():
    rows = rs.literature()
    keys = ["source", "model", "dataset", "crop", "attack", "norm", "radius", "steps"]
    assert not rows.duplicated(keys).any()
    assert set(rows["split"]) == {"val"}
    counts = rows["source"].value_counts().to_dict()
    assert counts == {
        "semsegbench": 76,
        "cityscapes_c": 13,
        "fan": 4,
        "stl": 5,
        "tapadl": 1,
        "rein": 1,
        "eomt": 1,
        "hailo": 2,
        "mmsegmentation": 6,
        "krlozz": 2,
        "hgformer": 2,
        "sea": 37,
        "cospgd": 56,
    }
    assert rows["flag"].astype(bool).sum() == 10
    columns = list(rows.columns)
    assert columns.index("frost") < columns.index("mean") < columns.index("pgd_l2")


def test_summaries_follow_from_the_cells():
    paper = rs.literature(protocol="cityscapes-c")
    printed = published_table("cityscapes_c")
    cells = printed[[*load_protocol("cityscapes-c").names]]
    means = cells.mean(axis=1)
    assert paper["mean"].tolist() == pytest.approx(means.tolist())
    assert paper["retention"].tolist() == pytest.approx((100 * means / printed["clean"]).tolist())
    assert paper["worst"].tolist() == cells.min(axis=1).tolist()
    assert "zoom_blur" not in paper  # no row has it
    (rein,) = rs.literature("rein").to_dict("records")
    assert (rein["mean"], rein["acdc_test"], rein["protocol"]) == (60.0, 77.6, "")


def test_rows_are_found_by_the_words_of_a_name():
    rows = rs.literature("SegFormer_B5", dataset="cityscapes")
    assert set(rows["model"]) == {"SegFormer-B5", "segformer-mit-b5"}
    both = rs.literature("fan-l", "rein")
    assert list(both["source"]) == ["fan", "rein", "stl"]


@pytest.mark.parametrize(
    ("models", "filters", "message"),
    [
        (["fan-x"], {}, "published scores: unknown model 'fan-x'"),
        ([""], {}, "published scores: unknown model ''"),
        ([], {"dataset": "cityscape"}, "unknown dataset 'cityscape'; did you mean 'cityscapes'"),
        ([], {"protocol": "mpc-15"}, "published scores: unknown protocol 'mpc-15'. Known: city-c"),
    ],
)
def test_what_there_is_not_is_named(models, filters, message):
    with pytest.raises(ResultsError, match=message):
        rs.literature(*models, **filters)
