import pytest

from robustbench_seg.datasets import IGNORE, open_dataset
from robustbench_seg.errors import DatasetError


def frame(put, condition, name, **truth):
    put(f"rgb_anon/{condition}/val/GOPR1/{name}_rgb_anon.png")
    for ending, value in truth.items():
        put(f"gt/{condition}/val/GOPR1/{name}_gt_{ending}.png", value)


def test_conditions_apart_and_together(tmp_path, put):
    for value, condition in enumerate(("snow", "fog", "night", "rain")):
        frame(put, condition, "1", labelTrainIds=value)
    everything = open_dataset("acdc", tmp_path)
    assert everything.ids == tuple(
        f"rgb_anon/{condition}/val/GOPR1/1_rgb_anon.png"
        for condition in ("fog", "night", "rain", "snow")
    )
    assert [int(sample.labels[0, 0]) for sample in everything] == [1, 2, 3, 0]
    night = open_dataset("acdc:night", tmp_path)
    assert (night.name, night.ids) == ("acdc:night", everything.ids[1:2])
    assert (night[0].labels == 2).all()
    assert len(night.classes) == 19


def test_label_ids_serve_where_there_are_no_train_ids(tmp_path, put):
    frame(put, "fog", "1", labelIds=26)
    assert (open_dataset("acdc:fog", tmp_path)[0].labels == 13).all()
    frame(put, "fog", "1", labelTrainIds=255, labelColor=0)
    dataset = open_dataset("acdc:fog", tmp_path)
    assert (dataset[0].labels == IGNORE).all()
    assert [path.rsplit("_", 1)[1] for path in dataset.companions(0)] == [
        "labelTrainIds.png",
        "labelIds.png",
        "labelColor.png",
    ]


def test_missing_parts(tmp_path, put):
    frame(put, "fog", "1")
    with pytest.raises(DatasetError, match=r"ACDC: no image rgb_anon/rain/val/\S+ in .*acdc\.vis"):
        open_dataset("acdc:rain", tmp_path)
    with pytest.raises(DatasetError, match=r"first without: gt/fog/val/GOPR1/1_gt_labelTrainIds"):
        open_dataset("acdc", tmp_path)
    with pytest.raises(DatasetError, match=r"dataset 'acdc:fogg'; did you mean 'acdc:fog'\?"):
        open_dataset("acdc:fogg", tmp_path)
