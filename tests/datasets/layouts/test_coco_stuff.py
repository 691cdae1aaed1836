import numpy as np
import pytest

from robustbench_seg.datasets import IGNORE, open_dataset
from robustbench_seg.errors import DatasetError

IMAGE = "images/val2017/000000000139.jpg"


def test_train_ids(tmp_path, put):
    put(IMAGE, np.zeros((1, 172, 3), np.uint8))
    put(
        "annotations/val2017/000000000139_labelTrainIds.png",
        np.array([[*range(171), 255]], np.uint8),
    )
    dataset = open_dataset("coco-stuff", tmp_path)
    assert dataset.ids == (IMAGE,)
    assert dataset[0].labels.tolist() == [[*range(171), IGNORE]]


@pytest.mark.parametrize("folder", ["annotations", "stuffthingmaps"])
def test_published_ids(tmp_path, put, folder):
    # id + 1 is the number in the authors' list; the neighbours of each unused id are included
    names = {
        0: "person",
        10: "fire hydrant",
        12: "stop sign",
        24: "giraffe",
        26: "backpack",
        27: "umbrella",
        30: "handbag",
        43: "bottle",
        45: "wine glass",
        64: "bed",
        66: "dining table",
        69: "toilet",
        71: "tv",
        81: "refrigerator",
        83: "book",
        89: "toothbrush",
        91: "banner",
        157: "skyscraper",
        181: "wood",
    }
    put(IMAGE, np.zeros((1, len(names) + 1, 3), np.uint8))
    truth = f"{folder}/val2017/000000000139.png"
    put(truth, np.array([[*names, 255]], np.uint8))
    dataset = open_dataset("coco-stuff", tmp_path)
    labels = dataset[0].labels[0].tolist()
    assert [dataset.classes[index] for index in labels[:-1]] == list(names.values())
    assert (labels[0], labels[-2], labels[-1]) == (0, 170, IGNORE)
    put(truth, np.full((1, len(names) + 1), 11, np.uint8))
    with pytest.raises(DatasetError, match=r"139\.png: label id 11 .* ids are 0\.\.10, 12\.\.24, "):
        dataset[0]


def test_classes(tmp_path, put):
    put("images/train2017/1.png")
    put("stuffthingmaps/train2017/1.png", 0)
    dataset = open_dataset("coco-stuff", tmp_path, "train")
    assert len(set(dataset.classes)) == len(set(dataset.palette)) == 171
    assert dataset.classes[79:81] == ("toothbrush", "banner")


def test_half_a_dataset(tmp_path, put):
    with pytest.raises(DatasetError, match=r"COCO-Stuff: no image images/val2017/\*\.jpg or "):
        open_dataset("coco-stuff", tmp_path)
    put(IMAGE)
    pattern = r"the first without: annotations/val2017/000000000139_labelTrainIds\.png .*cocostuff"
    with pytest.raises(DatasetError, match=pattern):
        open_dataset("coco-stuff", tmp_path)
