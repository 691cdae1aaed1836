"""Labels of another convention: every id exists, but every score would be wrong."""

import numpy as np
import pytest

from robustbench_seg.datasets import label_warning, open_dataset
from robustbench_seg.datasets.classes.facts import dataset_facts
from robustbench_seg.datasets.minicity import Minicity, write_minicity

PLAIN = """
name = "spots"
images = "i/*.png"
labels = "l/*.png"
classes = ["back", "front"]
"""


@pytest.fixture
def spots(tmp_path, put):
    """Open a dataset with one label file for each list of ids."""

    def opened(*labels, text=PLAIN, limit=None):
        for number, ids in enumerate(labels):
            put(f"i/{number}.png", np.zeros((1, len(ids), 3), np.uint8))
            put(f"l/{number}.png", np.array([ids], np.uint8))
        (tmp_path / "spots.toml").write_text(text)
        dataset = open_dataset(tmp_path / "spots.toml")
        return dataset if limit is None else dataset.first(limit)

    return opened


def test_plausible_labels_are_no_warning(spots):
    assert label_warning(spots([0, 0, 255], [1, 0, 0])) is None
    assert label_warning(Minicity()) is None


def test_masks_of_0_and_255_are_explained(spots):
    assert label_warning(spots([0, 255, 255, 255], [0, 0, 0, 0])) == (
        "spots val: all 2 label files were examined; they contain the ids 0, 255: 1 of 2 "
        "classes has no pixel (front), 38% of the pixels are ignored; 255 is ignored unless the "
        "dataset's file says ignore = []"
    )


def test_a_class_without_a_pixel_is_named_without_talk_of_255(spots):
    text = PLAIN + "ignore = [9]\n"
    assert label_warning(spots([0, 9, 0, 0], text=text)) == (
        "spots val: all 1 label files were examined; they contain the ids 0, 9: 1 of 2 "
        "classes has no pixel (front), 25% of the pixels are ignored"
    )


def test_nothing_scored_is_said(spots):
    assert label_warning(spots([255, 255])) == (
        "spots val: all 1 label files were examined; they contain the ids 255, which are all "
        "ignored: no pixel is scored"
    )


def test_a_few_images_of_many_need_not_show_every_class(spots):
    labels = [[0, 0]] * 60
    assert label_warning(spots(*labels, limit=3), whole=False) is None
    assert label_warning(spots(*labels, limit=4), whole=False) is not None  # two for each class
    assert label_warning(spots(*labels)).startswith("spots val: 48 of 60 label files were examined")
    many = PLAIN.replace('"front"', '"front", "up", "down", "left"')
    assert label_warning(spots(*[[0, 1, 2, 3]] * 60, text=many)) is None
    assert "1 of 5 classes has no pixel (left)" in label_warning(
        spots(*[[0, 1, 2, 3]] * 60, text=many, limit=40)
    )


def test_train_ids_in_files_of_label_ids_are_noticed(tmp_path):
    from PIL import Image

    write_minicity(tmp_path, "val", count=3)
    good = open_dataset("cityscapes", tmp_path)
    assert "train ids" not in (label_warning(good) or "")
    table = dataset_facts("cityscapes").table
    for path in tmp_path.rglob("*labelIds.png"):
        Image.fromarray(table[np.asarray(Image.open(path))]).save(path)
    warning = label_warning(open_dataset("cityscapes", tmp_path), whole=False)
    assert warning.startswith(
        "cityscapes val: all 3 label files were examined; they contain the ids 0"
    )
    assert warning.endswith(
        ", as files of class indices (train ids) do, but the ids of this dataset's classes are "
        "7..8, 11..13, 17, 19..28, 31..33: check that these are its original label files"
    )


def test_ids_from_1_to_150_are_not_taken_for_class_indices(tmp_path, put):
    put("images/validation/a.png")
    put("annotations/validation/a.png", 3)
    assert label_warning(open_dataset("ade20k", tmp_path), whole=False) is None


def test_a_label_file_that_cannot_be_read_is_named_before_the_run(spots, tmp_path):
    dataset = spots([0, 1], [0, 1])
    (tmp_path / "l/1.png").write_bytes(b"text")
    warning = label_warning(dataset)
    assert warning.startswith(f"{tmp_path}/l/1.png: the label file cannot be read (")
    assert warning.endswith("); replace the file; its image will have no score")


MAPPED = """
name = "spots"
images = "i/*.png"
labels = "l/*.png"
classes = ["back", "front", "side"]
label_map = {10 = "back", 20 = "front", 30 = "side"}
"""


def test_an_unknown_id_is_named_before_the_run(spots, tmp_path):
    advice = (
        "add id 50 to label_map or ignore in spots.toml, or check that the file belongs to this "
        "dataset and contains ids, not colours"
    )
    assert label_warning(spots([10, 20, 30], [10, 50, 50], text=MAPPED)) == (
        f"{tmp_path}/l/1.png: label id 50 (2 pixels) does not exist in this dataset, whose ids are "
        f"10, 20, 30, 255; {advice}; its image will have no score"
    )
    assert label_warning(spots([50, 20, 30], [10, 50, 50], [10], text=MAPPED)) == (
        f"{tmp_path}/l/0.png: label id 50 (1 pixels) does not exist in this dataset, whose ids are "
        f"10, 20, 30, 255; {advice}; 2 of 3 examined label files have such ids; their images will "
        "have no score"
    )


def test_an_id_beyond_the_table_is_unknown(spots, put):
    dataset = spots([0, 1], [0, 1])
    put("l/1.png", np.array([[0, 300]], np.uint16))
    assert "l/1.png: label id 300 (1 pixels) does not exist" in label_warning(dataset)


def test_class_indices_that_are_unknown_ids_are_explained(spots):
    assert label_warning(spots([0, 1, 255], [2, 1, 0], text=MAPPED)) == (
        "spots val: all 2 label files were examined; they contain the ids 0..2, 255, as files of "
        "class indices (train ids) do, but the ids of this dataset's classes are 10, 20, 30: check "
        "that these are its original label files, or correct label_map in spots.toml"
    )
    assert "label id 77 (1 pixels), 120 (1 pixels) does not exist" in label_warning(
        spots([77, 120], text=MAPPED)
    )
