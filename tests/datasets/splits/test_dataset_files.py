import re

import numpy as np
import pytest

from robustbench_seg.datasets import IGNORE
from robustbench_seg.datasets.classes.label_table import label_table
from robustbench_seg.datasets.minicity import Minicity
from robustbench_seg.datasets.splits.dataset_files import (
    corrupted_image,
    image_sizes,
    is_labelled,
    read_labels,
)
from robustbench_seg.datasets.splits.file_dataset import FileDataset, Item
from robustbench_seg.errors import DatasetError

TABLE = label_table({0: 0, 1: 1, 255: IGNORE})


def files(root, *items):
    return FileDataset("one", "val", ("x", "y"), (), root, items, TABLE)


def test_a_corrupted_image_is_the_png_of_its_id(tmp_path, put):
    put("images/a.jpg")
    put("labels/a.png", 0)
    foggy = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    put("out/fog/3/images/a.png", foggy)
    items = (Item("images/a.jpg", "labels/a.png"),)
    dataset = FileDataset("one", "val", ("x",), (), tmp_path, items, TABLE)
    np.testing.assert_array_equal(corrupted_image(dataset, 0, tmp_path / "out/fog/3"), foggy)
    pattern = re.escape(str(tmp_path / "out/fog/4/images/a.png")) + ": no such image file"
    with pytest.raises(DatasetError, match=pattern):
        corrupted_image(dataset, 0, tmp_path / "out/fog/4")


def test_labels_are_read_without_the_image(tmp_path, put):
    put("labels/a.png", 1)
    dataset = files(tmp_path, Item("images/gone.png", "labels/a.png"))
    assert read_labels(dataset, 0).tolist() == [[1] * 6] * 4
    scene = Minicity("val", (16, 32))
    np.testing.assert_array_equal(read_labels(scene, 2), scene[2].labels)


def test_only_files_can_be_without_labels(tmp_path):
    withheld, labelled = Item("a.png", None), Item("b.png", "b_labels.png")
    assert not is_labelled(files(tmp_path, withheld))
    assert is_labelled(files(tmp_path, withheld, labelled))
    assert is_labelled(Minicity())


def test_the_size_of_a_file_that_is_gone_is_left_out(tmp_path):
    (tmp_path / "a.png").write_bytes(b"12345")
    dataset = files(tmp_path, Item("a.png", None), Item("gone.png", None))
    assert image_sizes(dataset) == {"a.png": 5}
    assert image_sizes(Minicity()) == {}
