"""Confidence, compared with a softmax in float64 of torch's upsampled logits."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from robustbench_seg.segmenter.inference.windows import window_spans
from robustbench_seg.segmenter.labelling.confidence import (
    confidence_by_strips,
    label_map_with_confidence,
    label_with_confidence,
)
from robustbench_seg.segmenter.labelling.labels import label
from robustbench_seg.segmenter.labelling.window_logits import WindowLogits

SIZE = (201, 277)


def draw(kind, shape):
    torch.manual_seed(0)
    if kind == "noise":
        return torch.randn(shape)
    coarse = 12 * torch.randn(*shape[:2], 6, 8)
    smooth = F.interpolate(coarse, shape[2:], mode="bicubic")
    return smooth if kind == "areas" else smooth.round().clamp(-1, 1)


def drawn_truth(size, classes):
    truth = np.random.default_rng(1).integers(0, classes, size).astype(np.uint8)
    truth[:9], truth[40:50, 7:30] = 255, 255
    return truth


def upsampled(logits, corners, window, size, aligned=False):
    """In float64."""
    total, count = torch.zeros(logits.shape[1], *size, dtype=torch.float64), torch.zeros(size)
    for one, (top, left) in zip(logits.double(), corners, strict=True):
        here = (..., slice(top, top + window[0]), slice(left, left + window[1]))
        total[here] += F.interpolate(one[None], window, mode="bilinear", align_corners=aligned)[0]
        count[here] += 1
    return total / count


def check(found, means, truth, temperature):
    """Against log_softmax; logits in float32 are off by 1e-6 of the largest one."""
    logs = (means / temperature).log_softmax(0)
    chances = logs.exp()
    doubt = chances.scatter(0, logs.argmax(0)[None], 0).sum(0).numpy()  # 1 - p would lose digits
    bound = 4e-6 * float(means.abs().max()) / temperature + 1e-5
    assert (np.abs(found.doubt - doubt) <= bound * doubt + 1e-37).all()
    scored = truth != 255
    own = torch.from_numpy(np.where(scored, truth, 0).astype(np.int64))[None]
    nll = -logs.gather(0, own)[0].numpy()[scored].sum()
    brier = (chances.square().sum(0) - 2 * chances.gather(0, own)[0] + 1).numpy()[scored].sum()
    assert found.nll == pytest.approx(nll, rel=1e-5)
    assert found.brier == pytest.approx(brier, rel=1e-5)


def corners_of(crop, stride, size=SIZE):
    rows, columns = (list(window_spans(side, crop, stride)) for side in size)
    return [(top, left) for top, _ in rows for left, _ in columns]


@pytest.mark.parametrize("kind", ["noise", "areas"])
@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize(("small", "size"), [((50, 70), (200, 280)), ((33, 47), (129, 187))])
def test_whole_images(kind, aligned, small, size):
    logits, truth = draw(kind, (1, 19, *small)), drawn_truth(size, 19)
    view = WindowLogits(logits, [(0, 0)], size, size, aligned)
    labels, found = label_with_confidence(view, truth, [1.0, 2.5])
    assert np.array_equal(labels, label(view).numpy())
    means = upsampled(logits, [(0, 0)], size, size, aligned)
    for one, temperature in zip(found, (1.0, 2.5), strict=True):
        assert one.doubt.dtype == np.float32
        check(one, means, truth, temperature)


@pytest.mark.parametrize("kind", ["noise", "areas"])
@pytest.mark.parametrize(("crop", "stride"), [(128, 96), (130, 40)])
def test_overlapping_windows(kind, crop, stride):
    corners, truth = corners_of(crop, stride), drawn_truth(SIZE, 7)
    logits = draw(kind, (len(corners), 7, 33, 33))
    view = WindowLogits(logits, corners, (crop, crop), SIZE)
    labels, (found,) = label_with_confidence(view, truth, [1.0])
    assert np.array_equal(labels, label(view).numpy())
    check(found, upsampled(logits, corners, (crop, crop), SIZE), truth, 1.0)


@pytest.mark.parametrize("kind", ["noise", "areas", "ties"])
def test_labels_are_those_without_confidence_to_the_bit(kind):
    corners = corners_of(128, 96)
    logits = draw(kind, (len(corners), 19, 33, 33))
    view = WindowLogits(logits, corners, (128, 128), SIZE)
    expected = label(view).numpy()
    threads = torch.get_num_threads()
    answers = []
    for count in (1, 3):
        torch.set_num_threads(count)
        truth = drawn_truth(SIZE, 19)
        answers.append(label_with_confidence(view, truth, [1.0]))
    torch.set_num_threads(threads)
    (one, (first,)), (other, (second,)) = answers
    assert np.array_equal(one, expected)
    assert np.array_equal(other, expected)
    assert np.array_equal(first.doubt, second.doubt)
    assert (first.nll, first.brier) == (second.nll, second.brier)


def test_strips_in_torch_agree_with_the_loops():
    corners = corners_of(128, 96)
    logits, truth = draw("areas", (len(corners), 7, 33, 33)), drawn_truth(SIZE, 7)
    labels, (raw, scaled) = confidence_by_strips(
        WindowLogits(logits, corners, (128, 128), SIZE), truth, [1.0, 0.7]
    )
    means = upsampled(logits, corners, (128, 128), SIZE)
    assert (labels != means.argmax(0).numpy()).mean() < 1e-3
    check(raw, means, truth, 1.0)
    check(scaled, means, truth, 0.7)
    whole, found = label_map_with_confidence(means.float(), truth, [1.0])
    assert (whole != labels).mean() < 1e-3
    check(found[0], means, truth, 1.0)


def test_a_sure_pixel_is_not_rounded_to_certainty():
    """At a lead of 40 and 100 1 - p is far below what float64 resolves near 1."""
    logits = torch.zeros(1, 2, 40, 40)
    logits[0, 0, :20], logits[0, 0, 20:] = 40, 80
    truth = np.zeros((160, 160), np.uint8)
    view = WindowLogits(logits, [(0, 0)], (160, 160), (160, 160))
    _, (found,) = label_with_confidence(view, truth, [1.0])
    assert found.doubt[0, 0] == pytest.approx(np.exp(-40), rel=1e-5)
    assert found.doubt[-1, -1] == pytest.approx(np.exp(-80), rel=1e-5)
    _, (cold,) = label_with_confidence(view, truth, [0.01])
    assert (cold.doubt < 1e-37).all()
    assert cold.nll == pytest.approx(0, abs=1e-9)


def test_255_classes_that_are_all_alike():
    truth = np.full((160, 160), 3, np.uint8)
    view = WindowLogits(torch.zeros(1, 255, 40, 40), [(0, 0)], (160, 160), (160, 160))
    _, (found,) = label_with_confidence(view, truth, [1.0])
    assert np.allclose(found.doubt, 254 / 255)
    assert found.nll == pytest.approx(truth.size * np.log(255))
    assert found.brier == pytest.approx(truth.size * 254 / 255)
