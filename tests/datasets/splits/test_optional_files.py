import numpy as np

from robustbench_seg.datasets import IGNORE, Sample
from robustbench_seg.datasets.classes.facts import DatasetFacts
from robustbench_seg.datasets.classes.label_table import label_table
from robustbench_seg.datasets.minicity import Minicity
from robustbench_seg.datasets.splits.file_dataset import FileDataset
from robustbench_seg.datasets.splits.optional_files import (
    files_of,
    image_sizes,
    instances_of,
    is_labelled,
    read_labels,
)
from robustbench_seg.datasets.splits.split_files import ImageFiles, SplitFiles

TABLE = label_table({0: 0, 1: 1, 255: IGNORE})


def files(root, *items):
    facts = DatasetFacts(name="one", classes=("x", "y"))
    return FileDataset("one", "val", facts, SplitFiles(root, items, TABLE))


def test_labels_are_read_without_the_image(tmp_path, put):
    put("labels/a.png", 1)
    dataset = files(tmp_path, ImageFiles("images/gone.png", "labels/a.png"))
    assert read_labels(dataset, 0).tolist() == [[1] * 6] * 4
    scene = Minicity("val", (16, 32))
    np.testing.assert_array_equal(read_labels(scene, 2), scene[2].labels)


def test_only_files_can_be_without_labels(tmp_path):
    withheld, labelled = ImageFiles("a.png", None), ImageFiles("b.png", "b_labels.png")
    assert not is_labelled(files(tmp_path, withheld))
    assert is_labelled(files(tmp_path, withheld, labelled))
    assert is_labelled(Minicity())


def test_the_size_of_a_file_that_is_gone_is_left_out(tmp_path):
    (tmp_path / "a.png").write_bytes(b"12345")
    dataset = files(tmp_path, ImageFiles("a.png", None), ImageFiles("gone.png", None))
    assert image_sizes(dataset) == {"a.png": 5}
    assert image_sizes(Minicity()) == {}


class Own:
    """A dataset of a user, with an attribute `files` of its own."""

    files = ("a.png",)

    def __getitem__(self, index):
        return Sample("a.png", np.zeros((1, 2, 3), np.uint8), np.full((1, 2), index, np.uint8))


def test_a_dataset_of_a_user_needs_none_of_this():
    own = Own()
    assert files_of(own) is None
    assert is_labelled(own)
    assert read_labels(own, 1).tolist() == [[1, 1]]
    assert instances_of(own, 0, (1, 2)) is None
    assert image_sizes(own) == {}
