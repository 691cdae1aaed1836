"""Objects are prepared once for an image, of instances where the dataset has them."""

import numpy as np
from PIL import Image

from robustbench_seg.datasets import open_dataset
from robustbench_seg.evaluation.images.image_maker import DatasetImage
from robustbench_seg.measures import OBJECTS, Prediction

IMAGE = "leftImg8bit/val/a/a_000000_000019_leftImg8bit.png"
TRUTH = "gtFine/val/a/a_000000_000019_gtFine_"


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def test_two_cars_that_touch_are_two_objects_with_instances_and_one_without(tmp_path):
    labels = np.full((4, 8), 26, np.uint8)  # the id of a car: class 13
    instances = np.where(np.arange(8) < 3, 26000, 26001).astype(np.uint16) + np.zeros((4, 1), int)
    save(tmp_path / IMAGE, np.zeros((4, 8, 3), np.uint8))
    save(tmp_path / f"{TRUTH}labelIds.png", labels)

    def objects():
        source = DatasetImage(open_dataset("cityscapes", tmp_path), 0)
        prepared = source.prepared(OBJECTS)
        assert source.prepared(OBJECTS) is prepared
        predicted = np.where(np.arange(8) < 3, 0, 13).astype(np.uint8) + np.zeros((4, 1), np.uint8)
        counts = OBJECTS.observe(prepared, Prediction(predicted, source.sample().labels, 19))
        return counts[2, :, 13].tolist()

    assert objects() == [1.0, 5 / 8, 0.0]
    save(tmp_path / f"{TRUTH}instanceIds.png", instances.astype(np.uint16))
    assert objects() == [2.0, 1.0, 1.0]
