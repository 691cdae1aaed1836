"""The images that a segmenter accepts; anything else gives one line of advice."""

import numpy as np
import pytest
import torch
from PIL import Image

from robustbench_seg.errors import ModelError
from robustbench_seg.segmenter import load_segmenter
from robustbench_seg.segmenter.image_check import checked_image

WANTED = "net: expected one uint8 image of HxWx3 RGB, got "


@pytest.mark.parametrize("shape", [(4, 6, 3), (3, 3, 3), (3, 6, 3), (1, 1, 3)])
def test_an_image_goes_through_as_it_is(shape):
    image = np.zeros(shape, np.uint8)
    assert checked_image(image, "net") is image
    assert checked_image(image[::-1], "net").shape == shape


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 6, 3)), "float64 4x6x3; scale it to 0..255 and convert it to uint8"),
        (np.zeros((4, 6, 3), np.int64), "int64 4x6x3; scale it to 0..255 and convert it to uint8"),
        (np.zeros((4, 6), np.uint8), "uint8 4x6; repeat the grey channel three times"),
        (np.zeros((4, 6, 1), np.uint8), "uint8 4x6x1; repeat the grey channel three times"),
        (np.zeros((2, 4, 6, 3), np.uint8), "uint8 2x4x6x3; give the images of a batch one by one"),
        (np.zeros((4, 6, 4), np.uint8), "uint8 4x6x4; leave out the alpha channel"),
        (np.zeros((3, 4, 6), np.uint8), "uint8 3x4x6; move the channels last"),
        (np.zeros((4, 6, 5), np.uint8), "uint8 4x6x5"),
        (np.zeros((0, 6, 3), np.uint8), "uint8 0x6x3"),
        (np.zeros((), np.uint8), "uint8 scalar"),
        (torch.zeros(4, 6, 3), "a Tensor; give a NumPy array"),
        (Image.new("RGB", (6, 4)), "a Image; give a NumPy array"),
        ("a.png", "a str; give a NumPy array"),
    ],
)
def test_anything_else_says_how_to_convert_it(image, message):
    with pytest.raises(ModelError) as raised:
        checked_image(image, "net")
    assert str(raised.value) == WANTED + message


@pytest.fixture(scope="module")
def segmenters():
    """One of each kind: a card's, one with another size in its card, and a callable."""

    def callable_(image):
        return np.zeros(image.shape[:2], np.uint8)

    return [
        load_segmenter("segformer-b0", weights="none"),
        load_segmenter("segformer-b0-ade20k", weights="none"),
        load_segmenter(callable_, name="mine", classes=("a", "b"), version="1"),
    ]


def test_every_segmenter_checks_its_image(segmenters):
    for segmenter in segmenters:
        with pytest.raises(
            ModelError, match=f"{segmenter.name}: expected one uint8 image of HxWx3 RGB"
        ):
            segmenter(np.zeros((64, 64), np.uint8))


def test_a_segmenter_is_shown_in_one_short_line(segmenters):
    shown = [repr(segmenter) for segmenter in segmenters]
    assert shown[:2] == [
        "<segmenter segformer-b0-untrained: 19 classes, cpu>",
        "<segmenter segformer-b0-ade20k-untrained: 150 classes, cpu>",
    ]
    assert shown[2].startswith("<segmenter mine: 2 classes, ")
    assert all(len(text) < 120 and "\n" not in text for text in shown)
