import numpy as np
import pytest
import torch
from torch.nn import functional as F

from robustbench_seg.errors import ModelError
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.preprocessing import Inference, Preprocessing
from robustbench_seg.segmenter import NetworkSegmenter
from robustbench_seg.segmenter.inference import (
    Batch,
    Normaliser,
    in_batches,
    slide,
    to_tensor,
    whole,
    window_spans,
)
from robustbench_seg.segmenter.labelling import label


def quarter(batch):
    """A network that answers with its own input at 1/4, so that results are known."""
    return F.avg_pool2d(batch, 4)


def test_whole_is_one_bilinear_step_to_the_image_size():
    image = torch.rand(1, 3, 97, 161)
    for aligned in (False, True):
        view = whole(lambda x: F.adaptive_avg_pool2d(x, (25, 41)), image, aligned)
        expected = F.interpolate(
            F.adaptive_avg_pool2d(image, (25, 41)),
            (97, 161),
            mode="bilinear",
            align_corners=aligned,
        )
        assert torch.equal(view.upsampled(), expected)
        assert torch.equal(label(view), expected.argmax(1)[0].byte())


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
    view = slide(lambda x: x, image, 96, 64)
    torch.testing.assert_close(view.upsampled(), image)
    assert torch.equal(label(view), view.upsampled().argmax(1)[0].byte())


def test_normalisation_is_of_rgb_in_zero_to_one():
    image = np.zeros((2, 3, 3), np.uint8)
    image[0, 1] = (255, 51, 0)
    mean, std = torch.tensor([0.5, 0.2, 0.1]), torch.tensor([0.5, 0.4, 0.1])
    shape = (1, 3, 1, 1)
    batch = to_tensor(image, mean.reshape(shape), std.reshape(shape))
    assert batch.shape == (1, 3, 2, 3)
    torch.testing.assert_close(batch[0, :, 0, 1], torch.tensor([1.0, 0.0, -1.0]))


def test_a_flipped_view_is_an_image_like_others():
    image = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
    zero, one = torch.zeros(1, 3, 1, 1), torch.ones(1, 3, 1, 1)
    swapped = to_tensor(image[..., ::-1], zero, one)
    assert torch.equal(swapped, to_tensor(image, zero, one).flip(1))
    normalise = Normaliser((0.0,) * 3, (1.0,) * 3, torch.device("cpu"))
    assert torch.equal(normalise(image[..., ::-1]), swapped)


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


def test_what_fits_nowhere_says_what_to_try():
    class Large(torch.nn.Module):
        def forward(self, x):
            raise torch.OutOfMemoryError("no more")

    segmenter = NetworkSegmenter(
        Large(),
        name="large",
        classes=("a",),
        record=SegmenterRecord(
            "toy", preprocessing=Preprocessing((0.5,) * 3, (0.5,) * 3), inference=Inference("whole")
        ),
        about=ModelFacts(),
    )
    with pytest.raises(ModelError, match="device has too little memory for an image of 48x32"):
        segmenter(np.zeros((32, 48, 3), np.uint8))


def test_looking_up_changes_no_bit():
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    image = np.random.default_rng(0).integers(0, 256, (61, 83, 3), np.uint8)
    shape = (1, 3, 1, 1)
    wanted = to_tensor(image, torch.tensor(mean).reshape(shape), torch.tensor(std).reshape(shape))
    found = Normaliser(mean, std, torch.device("cpu"))(image)
    assert torch.equal(found, wanted)
    assert found.is_contiguous(memory_format=torch.channels_last)
    # A view of a larger image, as datasets may give one.
    assert torch.equal(Normaliser(mean, std, torch.device("cpu"))(image[::2]), wanted[:, :, ::2])


class EveryFourth(torch.nn.Module):
    """Logits that are the image's own values at every fourth pixel."""

    def forward(self, images):
        return images[:, :, ::4, ::4]


def test_padding_to_the_grid_keeps_aligned_corners_in_place():
    ramp = np.repeat(np.arange(64, dtype=np.uint8)[None, :, None], 48, 0).repeat(3, 2)
    segmenter = NetworkSegmenter(
        EveryFourth(),
        name="n",
        classes=("a", "b", "c"),
        record=SegmenterRecord(
            "toy",
            align_corners=True,
            grid=16,
            preprocessing=Preprocessing((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
            inference=Inference("whole"),
        ),
        about=ModelFacts(),
    )
    logits = segmenter.logits(ramp)
    assert logits.shape == (1, 3, 48, 64)
    # The last three columns lie between the image and the padding.
    wanted = torch.from_numpy(ramp[:44, :61].copy()).permute(2, 0, 1)[None] / 255
    torch.testing.assert_close(logits[..., :44, :61], wanted)
    assert segmenter(ramp).shape == (48, 64)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_logits_that_are_no_numbers_are_no_labels(value):
    class Broken(torch.nn.Module):
        def forward(self, batch):
            logits = torch.zeros(len(batch), 3, 4, 4)
            logits[0, 1, 2, 3] = value
            return logits

    segmenter = NetworkSegmenter(
        Broken(),
        name="broken",
        classes=("a", "b", "c"),
        record=SegmenterRecord(
            "toy",
            preprocessing=Preprocessing((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
            inference=Inference("whole"),
        ),
        about=ModelFacts(),
    )
    with pytest.raises(ModelError, match=r"^broken: its logits are NaN or infinite$"):
        segmenter(np.zeros((8, 8, 3), np.uint8))
