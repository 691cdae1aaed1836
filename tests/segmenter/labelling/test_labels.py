"""Labels from logits in one pass, compared with torch's interpolate, sums and argmax."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from robustbench_seg.segmenter.inference.windows import window_spans
from robustbench_seg.segmenter.labelling.interpolation import taps
from robustbench_seg.segmenter.labelling.labels import label, label_by_strips
from robustbench_seg.segmenter.labelling.window_logits import WindowLogits


def upsampled(logits, corners, window, size, aligned):
    total, count = torch.zeros(1, logits.shape[1], *size), torch.zeros(size)
    for one, (top, left) in zip(logits, corners, strict=True):
        here = (..., slice(top, top + window[0]), slice(left, left + window[1]))
        total[here] += F.interpolate(one[None], window, mode="bilinear", align_corners=aligned)
        count[here] += 1
    return total / count


def draw(kind, shape):
    """Logits without any order, of large areas, and with many ties."""
    torch.manual_seed(0)
    if kind == "noise":
        return torch.randn(shape)
    coarse = 4 * torch.randn(*shape[:2], 6, 8)
    smooth = F.interpolate(coarse, shape[2:], mode="bicubic")
    return smooth if kind == "areas" else smooth.round().clamp(-1, 1)


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_any_number_of_threads_gives_the_same_labels(three_threads):
    logits = draw("noise", (2, 7, 33, 47))
    corners, window, size = ((0, 0), (0, 50)), (129, 187), (129, 237)
    wanted = upsampled(logits, corners, window, size, False).argmax(1)[0]
    assert torch.equal(label(WindowLogits(logits, corners, window, size)).long(), wanted)


def places(size, crop, stride):
    rows, columns = (
        list(window_spans(size[0], crop, stride)),
        list(window_spans(size[1], crop, stride)),
    )
    return [(top, left) for top, _ in rows for left, _ in columns]


@pytest.mark.parametrize("kind", ["noise", "areas", "ties"])
@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize(
    ("small", "size"), [((50, 70), (200, 280)), ((33, 47), (129, 187)), ((40, 50), (40, 500))]
)
def test_whole_images_to_the_bit(kind, aligned, small, size):
    logits = draw(kind, (1, 19, *small))
    labels = label(WindowLogits(logits, [(0, 0)], size, size, aligned))
    expected = upsampled(logits, [(0, 0)], size, size, aligned).argmax(1)[0]
    assert labels.dtype == torch.uint8
    assert torch.equal(labels.long(), expected)
    assert expected.unique().numel() > 2


@pytest.mark.parametrize("kind", ["noise", "areas", "ties"])
@pytest.mark.parametrize(("crop", "stride"), [(128, 96), (130, 40)])
def test_sliding_windows_to_the_bit(kind, crop, stride):
    """With a stride of 40 up to sixteen windows overlap: sums are divided by more than powers of
    two."""
    size = (201, 277)
    corners = places(size, crop, stride)
    logits = draw(kind, (len(corners), 7, 33, 33))
    labels = label(WindowLogits(logits, corners, (crop, crop), size))
    expected = upsampled(logits, corners, (crop, crop), size, False).argmax(1)[0]
    assert torch.equal(labels.long(), expected)


def test_a_lead_that_rounding_may_level_is_not_trusted():
    first = 1 + torch.rand(1, 1, 50, 70)
    logits = torch.cat([first, first.nextafter(torch.tensor(9.0))], dim=1)
    labels = label(WindowLogits(logits, [(0, 0)], (200, 280), (200, 280)))
    expected = upsampled(logits, [(0, 0)], (200, 280), (200, 280), False).argmax(1)[0]
    assert expected.unique().numel() == 2
    assert torch.equal(labels.long(), expected)


def test_the_layout_of_the_logits_does_not_matter():
    logits = draw("noise", (1, 19, 40, 40))
    last = logits.to(memory_format=torch.channels_last)
    args = [(0, 0)], (160, 160), (160, 160)
    assert torch.equal(label(WindowLogits(last, *args)), label(WindowLogits(logits, *args)))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_not_finite(value):
    logits = draw("areas", (1, 5, 40, 40))
    logits[0, 3, 10:20, 10:20] = value
    logits[0, 1, 15:25, 5:35] = value
    labels = label(WindowLogits(logits, [(0, 0)], (160, 160), (160, 160)))
    expected = upsampled(logits, [(0, 0)], (160, 160), (160, 160), False).argmax(1)[0]
    assert torch.equal(labels.long(), expected)


def test_255_classes_fit():
    logits = torch.zeros(1, 255, 40, 40)
    logits[:, 254] = 1
    assert (label(WindowLogits(logits, [(0, 0)], (160, 160), (160, 160))) == 254).all()


@pytest.mark.parametrize("aligned", [False, True])
def test_strips_in_torch_differ_by_rounding_only(aligned):
    size, crop = (201, 277), 128
    corners = places(size, crop, 96)
    logits = draw("noise", (len(corners), 7, 33, 33))
    labels = label_by_strips(WindowLogits(logits, corners, (crop, crop), size, aligned)).long()
    wanted = upsampled(logits, corners, (crop, crop), size, aligned)
    chosen = wanted.gather(1, labels[None, None])[0, 0]
    assert (wanted.amax(1)[0] - chosen).max() < 1e-5
    assert (labels == wanted.argmax(1)[0]).float().mean() > 0.9999


def test_taps_are_torch_s():
    for small, large in ((25, 97), (193, 769), (512, 2048), (7, 7), (9, 5), (1, 8)):
        for aligned in (False, True):
            index, weight = taps(small, large, align_corners=aligned)
            ramp = torch.arange(small, dtype=torch.float32).reshape(1, 1, 1, small)
            here = F.interpolate(ramp, (1, large), mode="bilinear", align_corners=aligned)
            ours = index + weight * (index < small - 1)
            np.testing.assert_allclose(ours, here.flatten(), rtol=1e-6, atol=1e-6)
