"""Test-time augmentation, against an implementation with torch and OpenCV."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import robustbench_seg as rs
from robustbench_seg.analysis import image_macs
from robustbench_seg.errors import ModelError, OptionError
from robustbench_seg.records.values.preprocessing import Resize
from robustbench_seg.segmenter import FloatImage, why_no_gradient
from robustbench_seg.segmenter.labelling.views import View, average
from robustbench_seg.segmenter.labelling.window_logits import WindowLogits

OBJECT = {"name": "m", "classes": ("a", "b", "c", "d"), "mean": (0.4,) * 3, "std": (0.2,) * 3}


class Quarter(nn.Module):
    """Logits at a quarter of the image's size, which depend on the place in the image."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Conv2d(3, 4, 7, stride=4, padding=3)

    def forward(self, images):
        x = self.layers(images) * 3
        return x + torch.linspace(0, 2, x.shape[3]) * torch.arange(4.0)[:, None, None]


class Scores(Quarter):
    gives_scores = True

    def forward(self, images):
        return super().forward(images).exp()


@pytest.fixture(scope="module")
def image():
    small = np.random.default_rng(0).integers(0, 256, (18, 23, 3), np.uint8)
    return cv2.resize(small, (184, 141), interpolation=cv2.INTER_CUBIC)


def windows(length, crop, stride):
    return sorted({min(start, max(length - crop, 0)) for start in range(0, length, stride)})


def by_hand(network, image, scales, flips, crop=None, resize=None):
    """The mean of the softmaxes, 1xKxHxW, as OpenMMLab computes it."""
    height, width = image.shape[:2]
    base = resize.size(height, width) if resize else (height, width)
    total = 0
    for scale in scales:
        high, wide = (round(side * scale) for side in base)
        seen = cv2.resize(image, (wide, high), interpolation=cv2.INTER_LINEAR)
        x = (torch.from_numpy(seen).permute(2, 0, 1)[None] / 255 - 0.4) / 0.2
        for flip in flips:
            y = x.flip(3) if flip else x
            logits, count = torch.zeros(1, 4, high, wide), torch.zeros(1, 1, high, wide)
            for top in windows(high, crop, crop // 2) if crop else [0]:
                for left in windows(wide, crop, crop // 2) if crop else [0]:
                    here = (..., slice(top, top + crop if crop else None))
                    here = (*here, slice(left, left + crop if crop else None))
                    part = network(y[here])
                    size = y[here].shape[2:]
                    logits[here] += F.interpolate(part, size, mode="bilinear")
                    count[here] += 1
            logits = F.interpolate(logits / count, (height, width), mode="bilinear")
            shares = (
                logits / logits.sum(1) if hasattr(network, "gives_scores") else logits.softmax(1)
            )
            total = total + (shares.flip(3) if flip else shares)
    return total / (len(scales) * len(flips))


CASES = {
    "flip": ("flip", (1,), (False, True)),
    "scales": ("0.75,1.25", (1, 0.75, 1.25), (False,)),
    "both": ("flip,0.5,1.5", (1, 0.5, 1.5), (False, True)),
}


@pytest.mark.parametrize("inference", ["whole", "slide"])
@pytest.mark.parametrize(("augment", "scales", "flips"), CASES.values(), ids=CASES)
@torch.no_grad()
def test_probabilities_are_averaged(image, augment, scales, flips, inference, monkeypatch):
    monkeypatch.setattr("robustbench_seg.segmenter.segmenter_options.WINDOW", (64, 32))
    segmenter = rs.load_segmenter(Quarter(), augment=augment, inference=inference, **OBJECT)
    crop = 64 if inference == "slide" else None
    expected = by_hand(Quarter(), image, scales, flips, crop)
    torch.testing.assert_close(segmenter.logits(image).exp(), expected, rtol=1e-4, atol=1e-5)
    best = expected[0].topk(2, 0).values
    clear = (best[0] - best[1] > 1e-4).numpy()
    labels = segmenter(image)
    assert clear.mean() > 0.95
    assert np.array_equal(labels[clear], expected[0].argmax(0).numpy()[clear])
    plain = rs.load_segmenter(Quarter(), inference=inference, **OBJECT)
    assert not np.array_equal(labels, plain(image))


@torch.no_grad()
def test_confidence_is_that_of_the_averaged_probabilities(image):
    segmenter = rs.load_segmenter(Quarter(), augment="flip,1.25", **OBJECT)
    truth = np.random.default_rng(1).integers(0, 4, image.shape[:2], np.uint8)
    truth[:5] = 255
    labels, found = segmenter.with_confidence(image, truth, [1.0, 2.0])
    assert np.array_equal(labels, segmenter(image))
    shares = by_hand(Quarter(), image, (1, 1.25), (False, True)).double()[0]
    for temperature, one in zip((1, 2), found, strict=True):
        scaled = (shares.log() / temperature).softmax(0)
        assert np.allclose(1 - one.doubt, scaled.max(0).values.numpy(), atol=1e-4)
        scored = torch.from_numpy(truth) != 255
        own = scaled.gather(0, torch.from_numpy(np.where(truth == 255, 0, truth)).long()[None])[0]
        assert one.nll == pytest.approx(-own[scored].log().sum().item(), rel=1e-4)


def test_a_network_of_bytes_refuses_an_image_that_is_not_rounded(image):
    class Bytes(Quarter):
        takes_bytes = True

    plain = rs.load_segmenter(Quarter(), augment="flip", **OBJECT)
    facts = {"classes": plain.classes, "record": plain.record, "about": plain.about}
    segmenter = type(plain)(Bytes(), name="m", **facts)
    attacked = FloatImage(np.clip(image / np.float32(255) + np.float32(0.001), 0, 1))
    truth = np.zeros(image.shape[:2], np.uint8)
    for call in (
        segmenter,
        segmenter.logits,
        lambda given: segmenter.with_confidence(given, truth, [1.0]),
    ):
        with pytest.raises(ModelError, match="it takes images of 8 bits only; round the image"):
            call(attacked)


@torch.no_grad()
def test_class_scores_are_averaged_as_shares(image):
    segmenter = rs.load_segmenter(Quarter(), augment="flip", **OBJECT)
    assert segmenter.record.augment.views == ((1.0, False), (1.0, True))
    network = Scores()
    segmenter = type(segmenter)(
        network,
        name="m",
        classes=OBJECT["classes"],
        record=segmenter.record,
        about=segmenter.about,
    )
    expected = by_hand(Scores(), image, (1,), (False, True))
    torch.testing.assert_close(segmenter.logits(image).exp(), expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_scales_are_relative_to_the_size_that_a_card_resizes_to(image):
    plain = rs.load_segmenter(Quarter(), augment="flip,1.5", **OBJECT)
    resize = Resize(90, 120)
    segmenter = type(plain)(
        Quarter(),
        name="m",
        classes=OBJECT["classes"],
        record=replace(plain.record, resize=resize),
        about=plain.about,
    )
    expected = by_hand(Quarter(), image, (1, 1.5), (False, True), resize=resize)
    torch.testing.assert_close(segmenter.logits(image).exp(), expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_padding_to_a_grid_is_cut_off(image):
    segmenter = rs.load_segmenter("deeplabv3plus-x65-tf", weights="none", augment="flip,0.5")
    assert segmenter.record.grid
    small = image[:45, :70]
    assert segmenter(small).shape == (45, 70)
    mirrored = segmenter.logits(np.ascontiguousarray(small[:, ::-1])).flip(3)
    assert mirrored.isfinite().all()


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("size", [(45, 70), (90, 100), (30, 50)])
@pytest.mark.parametrize("strip", [7, 64])
def test_the_padding_right_and_below_is_in_no_average(flip, size, strip, monkeypatch):
    """Against torch, for a view of 45 x 70 pixels that is padded to 48 x 80."""
    monkeypatch.setattr("robustbench_seg.segmenter.labelling.views.STRIP", strip)
    torch.manual_seed(0)
    view = WindowLogits(3 * torch.randn(1, 4, 12, 20), [(0, 0)], (48, 80), (48, 80))
    logits = F.interpolate(view.logits, (48, 80), mode="bilinear")[..., :45, :70]
    expected = F.interpolate(logits, size, mode="bilinear").softmax(1)[0]
    found = average([View(view, (45, 70), flip)], size)
    wanted = expected.flip(2) if flip else expected
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_the_network_runs_in_its_precision(image):
    network = Quarter()

    def halved(images):
        with torch.autocast("cpu", torch.bfloat16):
            return network(images).float()

    segmenter = rs.load_segmenter(Quarter(), augment="flip", precision="bf16", **OBJECT)
    found = segmenter.logits(image).exp()
    expected, exact = (by_hand(each, image, (1,), (False, True)) for each in (halved, network))
    assert (found - expected).abs().max() < 1e-4 < (found - exact).abs().max()


@torch.no_grad()
def test_a_mirrored_image_has_mirrored_labels(image):
    segmenter = rs.load_segmenter(Quarter(), augment="flip", **OBJECT)
    mirrored = segmenter.logits(np.ascontiguousarray(image[:, ::-1])).flip(3)
    torch.testing.assert_close(mirrored, segmenter.logits(image), rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_an_image_that_is_not_rounded_is_scaled_without_rounding(image):
    segmenter = rs.load_segmenter(Quarter(), augment="flip,1.25", **OBJECT)
    floats = FloatImage((image.astype(np.float32) + 0.25) / 256)
    near = segmenter.logits(floats).exp()
    torch.testing.assert_close(near, segmenter.logits(image).exp(), rtol=0, atol=0.1)


def test_the_record_says_so():
    segmenter = rs.load_segmenter("segformer-b0", weights="none", augment="1.25,0.75,flip")
    plain = rs.load_segmenter("segformer-b0", weights="none")
    assert str(segmenter.record.augment) == "flip,0.75,1.25"
    assert plain.record.augment is None
    assert segmenter.record.laws == {**plain.record.laws, "augment": 1}
    assert "averages its predictions" in why_no_gradient(segmenter)
    macs = [image_macs(plain.record, 19, size) for size in ((64, 128), (48, 96), (80, 160))]
    assert image_macs(segmenter.record, 19, (64, 128)) == 2 * sum(macs)


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        ("flop", "'flop' is neither flip nor a scale of 0.1 to 4; give flip, or scales such as"),
        ("flip,9", "'9' is neither flip nor a scale"),
        ("", "'' is neither flip nor a scale"),
        ("1", "augment = '1' names no view besides the image itself; leave it out"),
        (2, "'' is neither flip nor a scale"),
    ],
)
def test_other_words_are_refused(augment, message):
    with pytest.raises(OptionError, match=message):
        rs.load_segmenter(Quarter(), augment=augment, **OBJECT)
