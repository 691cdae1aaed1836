import numpy as np
import pytest

from robustbench_seg.datasets import IGNORE, open_dataset
from robustbench_seg.errors import DatasetError


@pytest.mark.parametrize(("split", "folder"), [("val", "validation"), ("train", "training")])
@pytest.mark.parametrize("suffix", ["jpg", "png"])  # a corrupted ADE20K has PNG images
def test_zero_is_ignored_and_the_rest_moves_down(tmp_path, put, split, folder, suffix):
    put(f"images/{folder}/ADE_1.{suffix}", np.zeros((1, 151, 3), np.uint8))
    put(f"annotations/{folder}/ADE_1.png", np.arange(151, dtype=np.uint8)[None])
    dataset = open_dataset("ade20k", tmp_path, split)
    assert dataset.ids == (f"images/{folder}/ADE_1.{suffix}",)
    assert dataset.split == split
    assert dataset[0].labels.tolist() == [[IGNORE, *range(150)]]
    put(f"annotations/{folder}/ADE_1.png", np.full((1, 151), 151, np.uint8))
    with pytest.raises(DatasetError, match=r"ADE_1\.png: label id 151 .* 0\.\.150;"):
        dataset[0]


def test_classes(tmp_path, put):
    put("images/validation/a.jpg")
    put("annotations/validation/a.png", 1)
    dataset = open_dataset("ade20k", tmp_path)
    assert len(set(dataset.classes)) == len(set(dataset.palette)) == 150
    # ids of objectInfo150.txt, spread over the list
    known = {1: "wall", 21: "car", 45: "chest of drawers", 81: "bus", 97: "escalator", 150: "flag"}
    assert {number: dataset.classes[number - 1] for number in known} == known


def test_half_a_dataset(tmp_path, put):
    pattern = r"ADE20K: no image images/validation/\*\.jpg or .* in .*ADEChallengeData2016\.zip"
    with pytest.raises(DatasetError, match=pattern):
        open_dataset("ade20k", tmp_path)
    put("images/validation/a.jpg")
    with pytest.raises(DatasetError, match=r"the first without: annotations/validation/a\.png"):
        open_dataset("ade20k", tmp_path)
