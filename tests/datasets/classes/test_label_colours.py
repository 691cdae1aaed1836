"""Labels that are stored as colours."""

import re

import numpy as np
import pytest

from robustbench_seg.datasets import IGNORE, open_dataset
from robustbench_seg.errors import CardError, DatasetError
from tests.datasets.conftest import PLAIN

COLOURS = PLAIN + '[label_colours]\n"#FF0000" = 0\n"#00ff00" = 2\n"#000000" = 255\n'


def put_labels(put, pixels):
    pixels = np.array([pixels], np.uint8)
    put("photos/val/7.jpg", np.zeros((*pixels.shape[:2], 3), np.uint8))
    put("masks/val/7_mask.png", pixels)


def test_colours_are_ids(describe, put):
    put_labels(put, [(255, 0, 0), (0, 255, 0), (0, 0, 0), (255, 0, 0)])
    dataset = open_dataset(describe(COLOURS), None)
    assert dataset[0].labels.tolist() == [[0, 2, IGNORE, 0]]
    other = open_dataset(describe(COLOURS.replace("= 2\n", "= 1\n")), None)
    assert other[0].labels.tolist() == [[0, 1, IGNORE, 0]]
    assert other.fingerprint != dataset.fingerprint


def test_ids_are_still_read_as_ids(describe, put):
    put_labels(put, [0, 2, 255, 1])
    assert open_dataset(describe(COLOURS), None)[0].labels.tolist() == [[0, 2, IGNORE, 1]]


def test_an_unknown_colour_is_named(describe, put):
    put_labels(put, [(255, 0, 0), (254, 0, 1), (254, 0, 1), (255, 255, 255)])
    message = r"7_mask\.png: the colour #fe0001 \(2 pixels\), #ffffff \(1 pixels\) is not in label_"
    with pytest.raises(DatasetError, match=message):
        open_dataset(describe(COLOURS), None)[0]
    with pytest.raises(DatasetError, match="the labels are a colour image"):
        open_dataset(describe(), None)[0]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('"red" = 0', "label_colours: 'red' is not a colour; write one such as '#804080'"),
        (
            '"#ff0000" = 3',
            "label_colours.#ff0000: 3 is not an id of this dataset; its ids are 0..2,",
        ),
        ("", "label_colours is empty; leave it out, or name the id of each colour"),
    ],
)
def test_wrong_colours(describe, lines, message):
    with pytest.raises(CardError, match=re.escape(message)):
        open_dataset(describe(f"{PLAIN}[label_colours]\n{lines}\n"), None)
