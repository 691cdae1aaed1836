import numpy as np
import pytest

from robustbench_seg.datasets import IGNORE, open_dataset
from robustbench_seg.errors import DatasetError

labels = pytest.importorskip("cityscapesscripts.helpers.labels")
OFFICIAL = [label for label in labels.labels if label.trainId not in (255, -1)]

IMAGE = "leftImg8bit/val/ulm/ulm_000000_000019_leftImg8bit.png"
TRUTH = "gtFine/val/ulm/ulm_000000_000019_gtFine_"


def test_classes_and_colours_are_the_official_ones(tmp_path, put):
    put(IMAGE)
    put(TRUTH + "labelIds.png", 7)
    dataset = open_dataset("cityscapes", tmp_path)
    ordered = sorted(OFFICIAL, key=lambda label: label.trainId)
    assert dataset.classes == tuple(label.name for label in ordered)
    assert dataset.palette == tuple(label.color for label in ordered)


def test_label_ids_map_as_the_official_scripts_map_them(tmp_path, put):
    ids = np.array([[label.id for label in labels.labels if label.id >= 0]], np.uint8)
    put(IMAGE, np.zeros((*ids.shape, 3), np.uint8))
    put(TRUTH + "labelIds.png", ids)
    expected = [labels.id2label[label_id].trainId for label_id in ids[0].tolist()]
    dataset = open_dataset("cityscapes", tmp_path)
    assert dataset[0].labels[0].tolist() == expected
    assert set(expected) == {*range(19), IGNORE}
    # The license plate has the id -1, which 8 bits store as 255.
    put(IMAGE)
    put(TRUTH + "labelIds.png", 255)
    assert (dataset[0].labels == IGNORE).all()
    put(TRUTH + "labelIds.png", 34)
    with pytest.raises(DatasetError, match=r"labelIds\.png: label id 34 .* ids are 0\.\.33, 255;"):
        dataset[0]


def test_train_ids_serve_where_there_are_no_label_ids(tmp_path, put):
    put(IMAGE)
    ids = np.full((4, 6), 255, np.uint8)
    ids[0], ids[1] = 11, 18
    put(TRUTH + "labelTrainIds.png", ids)
    np.testing.assert_array_equal(open_dataset("cityscapes", tmp_path)[0].labels, ids)
    put(TRUTH + "labelTrainIds.png", 19)
    with pytest.raises(DatasetError, match=r"label id 19 .* 0\.\.18, 255;"):
        open_dataset("cityscapes", tmp_path)[0]
    put(TRUTH + "labelIds.png", 26)
    assert (open_dataset("cityscapes", tmp_path)[0].labels == 13).all()


def test_companions_are_what_is_there(tmp_path, put):
    put(IMAGE)
    for ending in ("labelIds.png", "color.png", "instanceIds.png"):
        put(TRUTH + ending, 7)
    (tmp_path / (TRUTH + "polygons.json")).write_text("{}")
    companions = open_dataset("cityscapes", tmp_path).companions(0)
    endings = {"labelIds.png", "color.png", "instanceIds.png", "polygons.json"}
    assert companions == {TRUTH + ending: tmp_path / (TRUTH + ending) for ending in endings}


def test_a_linked_gtfine_is_followed(tmp_path, put):
    put("source/" + TRUTH + "labelIds.png", 7)
    put("fog/3/" + IMAGE)
    (tmp_path / "fog/3/gtFine").symlink_to("../../source/gtFine")
    dataset = open_dataset("cityscapes", tmp_path / "fog/3")
    assert dataset.ids == (IMAGE,)
    assert (dataset[0].labels == 0).all()


def test_ids_are_sorted_over_the_cities(tmp_path, put):
    for city in ("ulm", "aachen", "bonn"):
        put(f"leftImg8bit/val/{city}/{city}_1_leftImg8bit.png")
        put(f"gtFine/val/{city}/{city}_1_gtFine_labelIds.png", 7)
    dataset = open_dataset("cityscapes", tmp_path)
    assert dataset.ids == tuple(
        f"leftImg8bit/val/{city}/{city}_1_leftImg8bit.png" for city in ("aachen", "bonn", "ulm")
    )


def test_the_root_may_come_from_the_environment(tmp_path, put, monkeypatch):
    monkeypatch.delenv("CITYSCAPES_DATASET", raising=False)
    pattern = r"root folder: give it as data or set \$CITYSCAPES_DATASET; register"
    with pytest.raises(DatasetError, match=pattern):
        open_dataset("cityscapes", None)
    put(IMAGE)
    put(TRUTH + "labelIds.png", 7)
    monkeypatch.setenv("CITYSCAPES_DATASET", str(tmp_path))
    assert open_dataset("cityscapes", None).ids == (IMAGE,)
    with pytest.raises(DatasetError, match="there is no folder"):
        open_dataset("cityscapes", tmp_path / "other")


def test_half_a_dataset(tmp_path, put):
    with pytest.raises(DatasetError) as caught:
        open_dataset("cityscapes", tmp_path)
    assert str(caught.value) == (
        f"Cityscapes: no image leftImg8bit/val/*/*_leftImg8bit.png in {tmp_path}; register at "
        "https://www.cityscapes-dataset.com, then unpack leftImg8bit_trainvaltest.zip and "
        "gtFine_trainvaltest.zip into the root"
    )
    put(IMAGE)
    with pytest.raises(DatasetError, match=rf"none has labels; the first without: {TRUTH}labelIds"):
        open_dataset("cityscapes", tmp_path)
