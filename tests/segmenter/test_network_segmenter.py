"""A network as a segmenter: its padding, its memory, and logits that are not numbers."""

import numpy as np
import pytest
import torch

from robustbench_seg.errors import ModelError
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.preprocessing import Inference, Preprocessing
from robustbench_seg.segmenter import NetworkSegmenter


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


@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_logits_that_are_no_numbers_are_no_labels(value, order):
    class Broken(torch.nn.Module):
        def forward(self, batch):
            logits = torch.zeros(len(batch), 3, 4, 4)
            logits[0, 1, 2, 3] = value
            return logits.contiguous(memory_format=order)

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
