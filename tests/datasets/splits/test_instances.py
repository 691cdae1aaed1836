"""Instances of Cityscapes: read from their folder, and part of the identity of the data."""

import numpy as np
import pytest

from robustbench_seg.datasets import instances_of, open_dataset
from robustbench_seg.errors import DatasetError

IMAGE = "leftImg8bit/val/a/a_000000_000019_leftImg8bit.png"
TRUTH = "gtFine/val/a/a_000000_000019_gtFine_"


@pytest.fixture
def city(tmp_path, put):
    put(IMAGE, np.zeros((2, 3, 3), np.uint8))
    put(TRUTH + "labelIds.png", np.full((2, 3), 26, np.uint8))
    return tmp_path


def test_an_instance_has_an_id_of_1000_and_more(city, put):
    ids = np.array([[26, 7, 26000], [26001, 255, 999]], np.uint16)
    put(TRUTH + "instanceIds.png", ids)
    dataset = open_dataset("cityscapes", city)
    found = instances_of(dataset, 0, (2, 3))
    assert found.dtype == np.int32
    assert found.tolist() == [[0, 0, 26000], [26001, 0, 0]]


def test_without_their_files_and_elsewhere_there_are_none(city):
    assert instances_of(open_dataset("cityscapes", city), 0, (2, 3)) is None
    assert instances_of(open_dataset("minicity"), 0, (192, 384)) is None


def test_instances_decide_numbers_so_they_are_in_the_fingerprint(city, put):
    without = open_dataset("cityscapes", city).fingerprint
    put(TRUTH + "instanceIds.png", np.zeros((2, 3), np.uint16))
    assert open_dataset("cityscapes", city).fingerprint["contents"] != without["contents"]


def test_instances_of_another_size_are_named(city, put):
    put(TRUTH + "instanceIds.png", np.zeros((4, 3), np.uint16))
    with pytest.raises(
        DatasetError, match=r"instanceIds\.png: the instances are 3x4, the labels 3x"
    ):
        instances_of(open_dataset("cityscapes", city), 0, (2, 3))
