"""Images that are not rounded to 8 bits."""

import cv2
import numpy as np
import pytest
import torch

from robustbench_seg.errors import ModelError
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.preprocessing import Inference, Preprocessing, Resize
from robustbench_seg.segmenter import FloatImage, NetworkSegmenter, load_segmenter
from robustbench_seg.segmenter.inference.resizing import scaled, scaled_floats

RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (60, 83, 3), np.uint8)
FLOATS = RNG.random((60, 83, 3), np.float32)


def segmenter_of(network=None, **record):
    torch.manual_seed(0)
    network = network or torch.nn.Conv2d(3, 4, 5, stride=4, padding=2)
    preprocessing = Preprocessing((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    return NetworkSegmenter(
        network.eval(),
        name="toy",
        classes=("a", "b", "c", "d"),
        record=SegmenterRecord("toy", preprocessing=preprocessing, **record),
        about=ModelFacts(),
    )


RECORDS = {
    "whole": {},
    "slide": {"inference": Inference("slide", 32, 24)},
    "resize": {"resize": Resize(48, 100, 8)},
    "grid": {"grid": 16},
}


@pytest.fixture(params=RECORDS)
def segmenter(request):
    return segmenter_of(**RECORDS[request.param])


def test_an_image_of_levels_has_the_labels_of_its_bytes(segmenter):
    truth = RNG.integers(0, 5, BYTES.shape[:2], np.uint8)
    for levels in (BYTES / np.float32(255), BYTES * np.float32(1 / 255)):
        image = FloatImage(levels)
        assert (image.levels() == BYTES).all()
        assert torch.equal(segmenter.logits(image), segmenter.logits(BYTES))
        assert (segmenter(image) == segmenter(BYTES)).all()
        labels, (found,) = segmenter.with_confidence(image, truth, [1.0])
        expected, (wanted,) = segmenter.with_confidence(BYTES, truth, [1.0])
        assert (labels == expected).all()
        assert (found.doubt == wanted.doubt).all()
        assert (found.nll, found.brier) == (wanted.nll, wanted.brier)


def test_levels_at_their_own_size_give_the_same_bits_without_a_way_of_their_own(monkeypatch):
    expected = segmenter_of().logits(BYTES)
    monkeypatch.setattr(FloatImage, "levels", lambda self: None)
    assert torch.equal(segmenter_of().logits(FloatImage(BYTES / np.float32(255))), expected)


def test_less_than_a_level_changes_the_logits(segmenter):
    before = BYTES / np.float32(255)
    image = FloatImage(np.clip(before + np.float32(0.1 / 255), 0, 1))
    assert image.levels() is None
    assert not torch.equal(segmenter.logits(image), segmenter.logits(BYTES))


def test_one_pixel_that_is_no_level_is_seen():
    values = BYTES / np.float32(255)
    values[-1, -1, -1] = 0.1234
    assert FloatImage(values).levels() is None


def test_labels_are_those_of_the_logits(segmenter):
    image = FloatImage(FLOATS)
    assert image.shape == (60, 83, 3)
    labels = segmenter.logits(image)[0].argmax(0).numpy()
    assert (segmenter(image) == labels).mean() > 0.999
    truth = np.zeros(labels.shape, np.uint8)
    assert (segmenter.with_confidence(image, truth, [1.0])[0] == segmenter(image)).all()


@pytest.mark.parametrize("resize", [Resize(48, 100), Resize(48, 100, 32), Resize(160, 400, 8)])
def test_scaling_is_that_of_bytes_without_rounding(resize):
    wanted, (height, width) = scaled(BYTES, resize), BYTES.shape[:2]
    image = torch.from_numpy(BYTES).permute(2, 0, 1)[None].float()
    found = scaled_floats(image, resize)[0].permute(1, 2, 0).numpy()
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() < 1.5, "OpenCV rounds twice, and its weights"
    exact = BYTES.astype(np.float32)
    for high, wide in (resize.fitted(height, width), resize.size(height, width)):
        exact = cv2.resize(exact, (wide, high), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(found, exact, atol=1e-2)


WRONG = [
    (FLOATS.astype(np.float64), "expected a float32 array, got float64"),
    (BYTES, "expected a float32 array, got uint8"),
    (torch.zeros(4, 6, 3), "expected a float32 array, got torch.float32"),
    ("a.png", "expected a float32 array, got str"),
    (FLOATS[..., :2], "expected HxWx3 RGB, got 60x83x2"),
    (FLOATS[0], "expected HxWx3 RGB, got 83x3"),
    (FLOATS[:0], "expected HxWx3 RGB, got 0x83x3"),
    (FLOATS * np.float32("nan"), "it has NaN or infinite values"),
    (FLOATS + np.float32("inf"), "it has NaN or infinite values"),
    (FLOATS - 1, "expected values from 0 to 1, got -"),
    (FLOATS * 255, "expected values from 0 to 1, got 0"),
]


@pytest.mark.parametrize(("values", "message"), WRONG)
def test_other_values_are_one_line(values, message):
    with pytest.raises(ModelError) as raised:
        FloatImage(values)
    assert str(raised.value).startswith(f"a float image: {message}")
    assert "\n" not in str(raised.value)


def test_a_plain_float_array_is_still_refused(segmenter):
    message = (
        "toy: expected one uint8 image of HxWx3 RGB, got float32 60x83x3; scale it to 0..255 and "
        "convert it to uint8"
    )
    for call in (segmenter, segmenter.logits):
        with pytest.raises(ModelError) as raised:
            call(FLOATS)
        assert str(raised.value) == message


def test_networks_and_callables_of_bytes_refuse_it():
    class Bytes(torch.nn.Conv2d):
        takes_bytes = True

    def labels(image):
        return np.zeros(image.shape[:2], np.uint8)

    named = {"name": "toy", "classes": ("a", "b"), "version": "1"}
    for segmenter in (segmenter_of(Bytes(3, 4, 1)), load_segmenter(labels, **named)):
        assert (segmenter(FloatImage(BYTES / np.float32(255))) == segmenter(BYTES)).all()
        with pytest.raises(
            ModelError, match=r"^toy: it takes images of 8 bits only; round the image to 8 bits$"
        ):
            segmenter(FloatImage(FLOATS))
