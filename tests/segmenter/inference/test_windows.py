"""Windows of images, and their logits, compared with known results."""

import numpy as np
import torch
from torch.nn import functional as F

from robustbench_seg.segmenter.inference.windows import (
    Batch,
    in_batches,
    slide,
    whole,
    window_spans,
)
from robustbench_seg.segmenter.labelling.labels import label


def quarter(batch):
    """A network that returns its own input at 1/4, so that results are known."""
    return F.avg_pool2d(batch, 4)


def test_whole_is_one_bilinear_step_to_the_image_size():
    image = torch.rand(1, 3, 97, 161)
    for aligned in (False, True):
        windows = whole(lambda x: F.adaptive_avg_pool2d(x, (25, 41)), image, align_corners=aligned)
        expected = F.interpolate(
            F.adaptive_avg_pool2d(image, (25, 41)),
            (97, 161),
            mode="bilinear",
            align_corners=aligned,
        )
        assert torch.equal(windows.upsampled(), expected)
        assert torch.equal(label(windows), expected.argmax(1)[0].byte())


def test_windows_cover_every_pixel_and_stay_inside():
    for length in (1, 5, 1023, 1024, 1025, 1792, 2000, 2048, 4000):
        spans = list(window_spans(length, 1024, 768))
        assert all(0 <= start < end <= length for start, end in spans)
        assert all(end - start == min(1024, length) for start, end in spans)
        covered = np.zeros(length, bool)
        for start, end in spans:
            covered[start:end] = True
        assert covered.all()
        assert len(spans) == len(set(spans))


def test_cityscapes_takes_three_windows():
    seen = []

    def network(batch):
        seen.append(tuple(batch.shape))
        return quarter(batch)

    slide(network, torch.zeros(1, 3, 1024, 2048), 1024, 768)
    assert seen == [(1, 3, 1024, 1024)] * 3


def test_overlaps_are_averaged_by_hand():
    # Two windows of width 8 over a width of 12, stride 4: columns 4..7 are seen by both.
    values = iter((1.0, 3.0))
    logits = slide(
        lambda x: torch.full((1, 2, 2, 2), next(values)),
        torch.zeros(1, 3, 8, 12),
        8,
        4,
    ).upsampled()
    row = [1.0] * 4 + [2.0] * 4 + [3.0] * 4
    assert logits.shape == (1, 2, 8, 12)
    assert torch.equal(logits[0, 0], torch.tensor([row] * 8))


def test_windows_go_where_they_were_cut_from():
    image = torch.rand(1, 3, 150, 210)
    windows = slide(lambda x: x, image, 96, 64)
    torch.testing.assert_close(windows.upsampled(), image)
    assert torch.equal(label(windows), windows.upsampled().argmax(1)[0].byte())


def test_batches_halve_until_they_fit():
    sizes = []

    def small(batch):
        sizes.append(len(batch))
        if len(batch) > 2:
            raise torch.OutOfMemoryError("no more")
        return batch[:, :1] * 2

    crops = [torch.full((1, 3, 4, 4), float(i)) for i in range(7)]
    batch = Batch(6)
    logits = in_batches(small, crops, batch)
    assert sizes == [6, 3, 1, 1, 1, 1, 1, 1, 1]
    assert logits[:, 0, 0, 0].tolist() == [0, 2, 4, 6, 8, 10, 12]
    sizes.clear()
    in_batches(small, crops[:2], batch)
    assert sizes == [1, 1], "what did not fit is not tried again"
    sizes.clear()
    in_batches(small, crops, Batch(4))
    assert sizes == [4, 2, 2, 2, 1]
    sizes.clear()
    in_batches(small, crops[:3], Batch(64))
    assert sizes == [3, 1, 1, 1]
