import pytest

from robustbench_seg.datasets import DATASETS, IGNORE, open_dataset
from robustbench_seg.errors import DatasetError

CELLS = [(w, t) for w in ("clear", "fog", "rain", "snow") for t in ("day", "night")]


def image(weather, time, split="val", name="REC0008_frame_079714"):
    return f"frame_camera/{split}/{weather}/{time}/{name}_frame_camera.png"


@pytest.fixture
def tree(tmp_path, put):
    for value, (weather, time) in enumerate(CELLS):
        put(image(weather, time))
        put(
            f"gt_semantic/val/{weather}/{time}/REC0008_frame_079714_gt_labelTrainIds.png",
            value,
        )
    return tmp_path


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("muses", "01234567"),
        ("muses:clear", "01"),
        ("muses:fog", "23"),
        ("muses:rain", "45"),
        ("muses:snow", "67"),
        ("muses:day", "0246"),
        ("muses:night", "1357"),
        ("muses:clear-day", "0"),
        ("muses:adverse", "1234567"),
    ],
)
def test_subsets_are_weather_and_time_of_day(tree, name, cells):
    dataset = open_dataset(name, tree)
    assert dataset.name == name
    assert [int(sample.labels[0, 0]) for sample in dataset] == [int(cell) for cell in cells]
    if name != "muses":
        of_name = [
            i for i in open_dataset("muses", tree).ids if name in DATASETS["muses"].subsets(i)
        ]
        assert dataset.ids == tuple(of_name)


def test_label_ids_serve_where_there_are_no_train_ids(tmp_path, put):
    put(image("fog", "day"))
    put("gt_semantic/val/fog/day/REC0008_frame_079714_gt_labelIds.png", 26)
    assert (open_dataset("muses:fog", tmp_path)[0].labels == 13).all()


def test_missing_labels_are_refused_but_for_the_test_split(tmp_path, put):
    put(image("rain", "night"))
    with pytest.raises(DatasetError, match=r"MUSES: of 1 images .* none has labels; .*muses\.ethz"):
        open_dataset("muses", tmp_path)
    put(image("rain", "night", "test"))
    assert (open_dataset("muses", tmp_path, "test")[0].labels == IGNORE).all()
    put("gt_semantic/test/rain/night/REC0008_frame_079714_gt_labelTrainIds.png", 3)
    assert (open_dataset("muses", tmp_path, "test")[0].labels == 3).all()
