"""The gradient of every architecture, compared with its unfolded network in plain steps."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.preprocessing import Inference, Preprocessing
from robustbench_seg.segmenter import FloatImage, NetworkSegmenter
from robustbench_seg.segmenter.inference.folding import FoldedDecoder, fold
from tests.segmenter.inference.test_folding import NETWORKS, trained

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIZE = (70, 101)
WINDOW = Inference("slide", 64, 40)


def segmenter_of(network, inference):
    """As a card's network is loaded: folded."""
    return NetworkSegmenter(
        fold(deepcopy(network)),
        name="net",
        classes=tuple("abcdefg"),
        record=SegmenterRecord(
            "net",
            preprocessing=Preprocessing(MEAN, STD),
            inference=inference,
            grid=network.grid if inference.mode == "whole" else None,
            align_corners=network.align_corners,
        ),
        about=ModelFacts(),
    )


def loss(logits):
    truth = (torch.arange(SIZE[0])[:, None] // 7 + torch.arange(SIZE[1]) // 7) % len(logits)
    return F.cross_entropy(logits[None], truth[None])


def plain(network, image, inference):
    """Logits by the network as it is trained."""
    mean, std = (torch.tensor(v).reshape(1, 3, 1, 1) for v in (MEAN, STD))
    x, (height, width) = (image[None] - mean) / std, SIZE

    def run(part):
        return F.interpolate(
            network(part), part.shape[2:], mode="bilinear", align_corners=network.align_corners
        )

    if inference.mode == "whole":
        if network.grid:
            x = F.pad(x, (0, -(width - 1) % network.grid, 0, -(height - 1) % network.grid))
        return run(x)[0, :, :height, :width]
    total, count = torch.zeros(7, height, width), torch.zeros(height, width)
    for top in (0, height - 64):
        for left in (0, width - 64):
            part = run(x[:, :, top : top + 64, left : left + 64])[0]
            total = total + F.pad(part, (left, width - 64 - left, top, height - 64 - top))
            count[top : top + 64, left : left + 64] += 1
    return total / count


# Windows of one network of each architecture; make test-all also tests the others.
WINDOWED = dict(reversed(NETWORKS))
CASES = [(*network, Inference("whole")) for network in NETWORKS]
CASES += [
    pytest.param(*network, WINDOW, marks=() if network in WINDOWED.items() else pytest.mark.slow)
    for network in NETWORKS
]


@pytest.mark.parametrize(("architecture", "variant", "inference"), CASES)
def test_the_folded_network_has_the_gradient_of_the_trained_one(architecture, variant, inference):
    network = trained(architecture, variant)
    segmenter = segmenter_of(network, inference)
    image = torch.rand(3, *SIZE, generator=torch.Generator().manual_seed(1))
    scored = FloatImage(np.ascontiguousarray(image.permute(1, 2, 0).numpy()))
    labels = segmenter(scored)
    logits, gradient = segmenter.loss_gradient(image, loss)
    spread = float(logits.std())
    torch.testing.assert_close(logits, segmenter.logits(scored)[0], rtol=0, atol=1e-4 * spread)
    assert (logits.argmax(0).numpy() == labels).mean() >= 0.9999

    leaf = image.clone().requires_grad_()
    expected = plain(network, leaf, inference)
    torch.testing.assert_close(logits, expected.detach(), rtol=0, atol=1e-4 * spread)
    (wanted,) = torch.autograd.grad(loss(expected), leaf)
    assert float(wanted.norm()) > 0
    # Rounding moves a few values across the kink of a ReLU.
    assert float((gradient - wanted).norm()) <= 0.01 * float(wanted.norm())


def test_labels_keep_the_compiled_loops(monkeypatch):
    """The folded decoder leaves them only if a graph is needed."""
    segmenter = segmenter_of(trained("segformer", {}), Inference("whole"))
    calls, original = [], FoldedDecoder._in_strips
    monkeypatch.setattr(
        FoldedDecoder, "_in_strips", lambda *given: calls.append(1) or original(*given)
    )
    image = torch.rand(3, *SIZE)
    segmenter.loss_gradient(image, loss)
    assert calls == []
    segmenter(np.zeros((*SIZE, 3), np.uint8))
    assert calls == [1]
