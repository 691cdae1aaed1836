"""Mean and standard deviation of a torch module: whatever holds three numbers of 0..1."""

import numpy as np
import pytest
import torch

import robustbench_seg as rs
from robustbench_seg.errors import ModelError
from robustbench_seg.records.runs.run_file import read_record

CLASSES = ("road", "car")


def load(mean, std):
    torch.manual_seed(0)
    net = torch.nn.Conv2d(3, 2, 1)
    return rs.load_segmenter(net, name="net", classes=CLASSES, mean=mean, std=std)


@pytest.mark.parametrize(
    ("mean", "std"),
    [
        ((0, 0, 0), (1, 1, 1)),
        (np.zeros(3, np.float32), [1, 1, 1]),
        (torch.zeros(3), torch.ones(3)),
        ((np.float32(0),) * 3, (1.0,) * 3),
    ],
)
def test_they_become_floats(mean, std):
    """A run's key is digested as it is read back: 0.0 and not 0."""
    found = load(mean, std).record.preprocessing
    numbers = (*found.mean, *found.std)
    assert numbers == (0.0, 0.0, 0.0, 1.0, 1.0, 1.0)
    assert {type(number) for number in numbers} == {float}


def test_a_run_of_a_module_with_integers_goes_on(tmp_path):
    class Two(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 19, 1)

        def forward(self, x):
            return self.conv(x)

    torch.manual_seed(0)
    options = {
        "model": Two(),
        "name": "two",
        "classes": rs.class_names("minicity"),
        "mean": (0, 0, 0),
        "std": (1, 1, 1),
        "dataset": "minicity",
        "limit": 1,
        "corruptions": "clean",
        "out": tmp_path,
    }
    (first,) = rs.evaluate(**options)
    (again,) = rs.evaluate(**options)
    assert first.path == again.path
    assert read_record(first.path).key.segmenter.preprocessing.mean == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        (
            (123.7, 116.3, 103.5),
            (0.2,) * 3,
            "mean contains 123.7, which is not for RGB in 0..1; divide",
        ),
        ((0.5,) * 3, (0.0, 0.0, 0.0), "std contains 0, which is not for RGB in 0..1"),
        (0.5, (0.2,) * 3, "mean is 0.5; give three numbers, for red, green and blue"),
        ((0.5, 0.5), (0.2,) * 3, r"mean is \(0.5, 0.5\); give three numbers"),
        (("a", "b", "c"), (0.2,) * 3, "give three numbers"),
        ((float("nan"), 0.0, 0.0), (0.2,) * 3, "mean contains nan"),
    ],
)
def test_others_are_one_line(mean, std, message):
    with pytest.raises(ModelError, match=message):
        load(mean, std)
