"""A network with its preprocessing and windows as one segmenter, compared with a loop by hand."""

import cv2
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from robustbench_seg.architectures import SegmentationNetwork
from robustbench_seg.errors import ModelError
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.preprocessing import Inference, Preprocessing, Resize
from robustbench_seg.segmenter.assembly import assemble
from robustbench_seg.segmenter.described_network import DescribedNetwork
from robustbench_seg.segmenter.segmenter_options import SegmenterOptions

PLAIN = Preprocessing((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


class Placed(SegmentationNetwork):
    """Logits at a quarter that depend on the place in the window, too."""

    align_corners = True

    def forward(self, images):
        return F.avg_pool2d(images, 4) + torch.linspace(0, 3, images.shape[2] // 4)[:, None]


def assembled(inference, options=None, resize=None):
    record = SegmenterRecord(
        "placed",
        align_corners=Placed.align_corners,
        preprocessing=PLAIN,
        inference=inference,
        resize=resize,
    )
    return assemble(
        DescribedNetwork(Placed(), record, ModelFacts()),
        options or SegmenterOptions(),
        name="placed",
        classes=("a", "b", "c"),
    )


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (40, 90, 3), np.uint8)


@pytest.mark.parametrize("resize", [None, Resize(32, 72)])
def test_windows_by_hand(image, resize):
    image = image if resize else image[:32, :72]
    seen = cv2.resize(image, (72, 32)) if resize else image
    batch = torch.from_numpy(seen.copy()).permute(2, 0, 1)[None] / 255
    total, count = torch.zeros(1, 3, 32, 72), torch.zeros(72)
    for left in (0, 20, 40):
        logits = Placed()(batch[..., left : left + 32])
        total[..., left : left + 32] += F.interpolate(
            logits, (32, 32), mode="bilinear", align_corners=True
        )
        count[left : left + 32] += 1
    wanted = total / count
    if resize:
        wanted = F.interpolate(wanted, image.shape[:2], mode="bilinear", align_corners=True)
    labels = assembled(Inference("slide", 32, 20), resize=resize)(image)
    assert (labels == wanted.argmax(1)[0].numpy()).mean() > 0.999


def test_options_overrule_the_model_s_own_mode(image):
    sliding, whole = Inference("slide", 32, 20), Inference("whole")
    there = assembled(sliding, SegmenterOptions(inference="whole"))
    assert there.record.inference == whole
    torch.testing.assert_close(there.logits(image), assembled(whole).logits(image))
    assert not torch.equal(there.logits(image), assembled(sliding).logits(image))


class Projected(SegmentationNetwork):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 3, 4, stride=4)

    def forward(self, images):
        return self.conv(images)


def test_half_precision_is_computed_in_half_precision(image):
    def logits(precision):
        record = SegmenterRecord("projected", preprocessing=PLAIN, inference=Inference("whole"))
        segmenter = assemble(
            DescribedNetwork(Projected().eval(), record, ModelFacts()),
            SegmenterOptions(precision=precision),
            name="n",
            classes=("a", "b", "c"),
        )
        return segmenter.logits(image)

    exact, rough = logits("float32"), logits("bf16")
    assert not torch.equal(exact, rough)
    torch.testing.assert_close(rough, exact, rtol=0, atol=0.02)


@pytest.mark.parametrize("resize", [None, Resize(32, 72)])
@pytest.mark.parametrize("grid", [None, 16])
def test_confidence_is_that_of_the_logits_as_scored(image, resize, grid):
    """Windows, scaling and padding are those of the labels."""
    segmenter = assembled(Inference("whole"), resize=resize)
    segmenter._grid = grid
    truth = np.random.default_rng(1).integers(0, 4, image.shape[:2]).astype(np.uint8)
    labels, (found, scaled) = segmenter.with_confidence(image, truth, [1.0, 0.5])
    assert np.array_equal(labels, segmenter(image))
    logs = segmenter.logits(image)[0].double().log_softmax(0)
    assert np.allclose(found.doubt, 1 - logs.max(0).values.exp(), atol=1e-6)
    scored = truth < 3
    own = torch.from_numpy(np.where(scored, truth, 0).astype(np.int64))[None]
    nll = -logs.gather(0, own)[0].numpy()[scored].sum()
    assert found.nll == pytest.approx(nll, rel=1e-5)
    assert (scaled.doubt <= found.doubt + 1e-6).all()
    with pytest.raises(ModelError, match="labels of 3x3 for an image of 40x90"):
        segmenter.with_confidence(image, truth[:3, :3], [1.0])
