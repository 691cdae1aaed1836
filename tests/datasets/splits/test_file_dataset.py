import json
import pickle
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from robustbench_seg.datasets import IGNORE
from robustbench_seg.datasets.classes.facts import DatasetFacts
from robustbench_seg.datasets.classes.label_table import apply_table, label_table
from robustbench_seg.datasets.image_files.decoding import read_label_ids
from robustbench_seg.datasets.splits.file_dataset import FileDataset
from robustbench_seg.datasets.splits.split_files import ImageFiles, SplitFiles
from robustbench_seg.errors import DatasetError

TABLE = label_table({0: 0, 1: 1, 255: IGNORE})


def two(files, classes=("x", "y")):
    return FileDataset("two", "val", DatasetFacts(name="two", classes=classes), files)


@pytest.fixture
def dataset(tmp_path, put):
    for name in "abc":
        put(f"images/{name}.png")
        put(f"labels/{name}.png", np.arange(24).reshape(4, 6).astype(np.uint8) % 2)
    items = tuple(ImageFiles(f"images/{n}.png", f"labels/{n}.png") for n in "abc")
    return two(SplitFiles(tmp_path, items, TABLE))


def test_samples_are_the_files_in_order(dataset, tmp_path):
    assert dataset.ids == ("images/a.png", "images/b.png", "images/c.png")
    samples = list(dataset)
    assert [sample.id for sample in samples] == list(dataset.ids)
    for sample in samples:
        reference = cv2.cvtColor(cv2.imread(str(tmp_path / sample.id)), cv2.COLOR_BGR2RGB)
        np.testing.assert_array_equal(sample.image, reference)
        np.testing.assert_array_equal(sample.labels, np.arange(24).reshape(4, 6) % 2)
        assert sample.labels.dtype == np.uint8
    np.testing.assert_array_equal(dataset.image(2), samples[2].image)
    assert len(dataset) == 3
    assert dataset[-1].id == "images/c.png"
    with pytest.raises(IndexError):
        dataset[3]


def test_first_cuts(dataset):
    assert dataset.first(2).ids == ("images/a.png", "images/b.png")
    assert dataset.first(9).ids == dataset.ids
    assert dataset.first(2).fingerprint["count"] == 2
    with pytest.raises(DatasetError, match="two: the number of images 0 is out of range; give"):
        dataset.first(0)


def test_companions_are_the_labels_where_nothing_else_is_known(dataset, tmp_path):
    assert dataset.companions(1) == {"labels/b.png": tmp_path / "labels/b.png"}


def test_the_fingerprint_is_of_the_data_and_not_of_its_place(dataset, tmp_path, put):
    fingerprint = dataset.fingerprint
    assert str(tmp_path) not in json.dumps(fingerprint)
    elsewhere = tmp_path / "moved"
    elsewhere.mkdir()
    for folder in ("images", "labels"):
        (tmp_path / folder).rename(elsewhere / folder)
    files = replace(dataset.files, root=elsewhere)
    moved = two(files)
    assert moved.fingerprint == fingerprint

    renamed = two(files, ("x", "z"))
    assert renamed.fingerprint["classes"] != fingerprint["classes"]
    remapped = two(replace(files, table=label_table({0: 1, 1: 0, 255: IGNORE})))
    assert remapped.fingerprint["classes"] != fingerprint["classes"]

    with open(elsewhere / "labels/b.png", "ab") as file:
        file.write(b"\0")
    grown = two(files)
    assert grown.fingerprint["contents"] != fingerprint["contents"]
    assert grown.first(1).fingerprint["contents"] != grown.fingerprint["contents"]


def test_the_fingerprint_names_a_file_that_has_gone(dataset, tmp_path):
    (tmp_path / "labels/c.png").unlink()
    with pytest.raises(DatasetError, match=r"labels/c\.png: no such file; restore it"):
        _ = dataset.fingerprint


def test_a_dataset_goes_to_another_process(dataset):
    again = pickle.loads(pickle.dumps(dataset))
    assert again.fingerprint == dataset.fingerprint
    np.testing.assert_array_equal(again[1].labels, dataset[1].labels)


def test_labels_of_another_size_are_refused(dataset, put):
    put("labels/b.png", np.zeros((4, 7), np.uint8))
    pattern = r"labels/b\.png: the labels are 7x4, their image images/b\.png is 6x4"
    with pytest.raises(DatasetError, match=pattern):
        dataset[1]


def test_an_unknown_id_is_named_with_its_file(dataset, put):
    labels = np.zeros((4, 6), np.uint8)
    labels[2, 3:5] = 77
    put("labels/b.png", labels)
    pattern = r"labels/b\.png: label id 77 \(2 pixels\) does not exist .* ids are 0\.\.1, 255;"
    with pytest.raises(DatasetError, match=pattern):
        dataset[1]


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32])
def test_a_negative_id_is_no_class(kind):
    """As an index, NumPy would count it from the table's end: -256 would be class 0."""
    ids = np.zeros((3, 4), kind)
    ids[1, 2] = least = max(-256, np.iinfo(kind).min)
    with pytest.raises(
        DatasetError, match=rf"^x\.png: label id {least} \(1 pixels\) does not exist"
    ):
        apply_table(TABLE, ids, Path("x.png"))


def test_only_some_of_many_unknown_ids_are_spelled():
    ids = np.arange(2, 14, dtype=np.uint8).reshape(3, 4)
    with pytest.raises(DatasetError, match=r"2 \(1 pixels\), .*, 6 \(1 pixels\) and 7 more does"):
        apply_table(TABLE, ids, Path("x.png"))


def test_ids_of_16_bits(put):
    ids = np.array([[0, 300, 65535], [1, 300, 0]], np.uint16)
    path = put("wide.png", ids)
    np.testing.assert_array_equal(read_label_ids(path), ids)
    table = label_table({0: 0, 1: 1, 300: 2, 65535: IGNORE})
    np.testing.assert_array_equal(
        apply_table(table, read_label_ids(path), path), [[0, 2, 255], [1, 2, 0]]
    )
    # 300 must not wrap around to 44, nor be clipped to 255, which this table ignores.
    with pytest.raises(DatasetError, match=r"wide\.png: label id 300 \(2 pixels\), 65535 \(1 pixe"):
        apply_table(TABLE, read_label_ids(path), path)
