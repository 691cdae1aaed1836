"""PGD on a network and a mask classifier of transformers, whole and in windows."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from robustbench_seg.attacks import perturb
from robustbench_seg.records.values.preprocessing import Inference
from robustbench_seg.segmenter import FloatImage, NetworkSegmenter, load_segmenter

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIZE, CROP, STRIDE = (67, 91), 64, 32
CORNERS = [(top, left) for top in (0, 3) for left in (0, 27)]
"""Where the windows begin: every STRIDE pixels, the last at the edge."""


@pytest.fixture(params=["segformer", "mask2former"])
def kind(request):
    return request.param


@pytest.fixture(params=["whole", "slide"])
def segmenter(request, kind, saved_model):
    """A small random model; its own windows of 1024 pixels are larger than the image."""
    loaded = load_segmenter(f"hf:{saved_model(kind)}")
    if request.param == "whole":
        return loaded
    record = replace(loaded.record, inference=Inference("slide", CROP, STRIDE))
    about = {"classes": loaded.classes, "record": record, "about": loaded.about}
    return NetworkSegmenter(loaded.network, name="windows", **about)


def image_of():
    """Smooth, so that networks of random weights are smooth, too."""
    blobs = torch.rand(1, 3, 6, 8, generator=torch.Generator().manual_seed(1))
    return F.interpolate(blobs, SIZE, mode="bilinear")[0]


def truth_of():
    return (torch.arange(SIZE[0])[:, None] // 7 + torch.arange(SIZE[1]) // 7) % 4


def loss(logits):
    return F.cross_entropy(logits[None], truth_of()[None])


def written_out(kind, folder, is_whole):
    """The loss of an image by transformers alone, in plain steps and in float64."""
    import transformers

    auto = {
        "segformer": transformers.AutoModelForSemanticSegmentation,
        "mask2former": transformers.AutoModelForUniversalSegmentation,
    }
    model = auto[kind].from_pretrained(folder).double().eval()
    mean, std = (torch.tensor(v, dtype=torch.float64).reshape(1, 3, 1, 1) for v in (MEAN, STD))

    def output(pixels):
        """Logits, or the scores of a mask classifier."""
        size = tuple(pixels.shape[2:])
        if kind == "segformer":
            return F.interpolate(model(pixels).logits, size, mode="bilinear")[0]
        pixels = F.pad(pixels, (0, -size[1] % 32, 0, -size[0] % 32))
        answer = model(pixel_values=pixels)
        masks = F.interpolate(answer.masks_queries_logits, pixels.shape[2:], mode="bilinear")
        masks = masks[..., : size[0], : size[1]].sigmoid()
        classes = answer.class_queries_logits.softmax(-1)[..., :-1]
        return torch.einsum("bqc,bqhw->bchw", classes, masks)[0]

    def value(image):
        pixels = (image[None] - mean) / std
        if is_whole:
            found = output(pixels)
        else:
            total, count = torch.zeros(4, *SIZE, dtype=torch.float64), torch.zeros(SIZE)
            for top, left in CORNERS:
                here = slice(top, top + CROP), slice(left, left + CROP)
                total[:, *here] += output(pixels[:, :, *here])
                count[here] += 1
            found = total / count
        if kind == "mask2former":
            found = (found / found.sum(0)).log()
        return float(loss(found))

    return value


@torch.no_grad()
def test_the_gradient_equals_finite_differences_in_float64(segmenter, kind, saved_model):
    image = image_of()
    _, gradient = segmenter.loss_gradient(image, loss)
    is_whole = segmenter.record.inference.mode == "whole"
    value, exact = written_out(kind, saved_model(kind), is_whole), image.double()
    scale = float(gradient.abs().max())
    strongest = np.unravel_index(int(gradient.abs().argmax()), gradient.shape)
    for place in [tuple(map(int, strongest)), (0, 0, 0), (1, 66, 90), (2, 30, 50), (0, 40, 27)]:
        step = torch.zeros_like(exact)
        step[place] = 1e-5
        expected = (value(exact + step) - value(exact - step)) / 2e-5
        assert float(gradient[place]) == pytest.approx(expected, rel=0.01, abs=0.002 * scale)


def test_pgd_raises_the_loss_and_stays_in_the_ball(segmenter):
    clean, truth, losses = image_of(), truth_of(), []

    def gradient(image, wanted):
        logits, found = segmenter.loss_gradient(image, wanted)
        losses.append(float(loss(logits)))
        return logits, found

    parameters = {"epsilon": 4.0, "steps": 8, "step_size": 0.5}
    result = perturb(gradient, clean, truth, "pgd", parameters, seed=0, image_id="a.png")
    start, *steps = losses
    assert len(steps) == 8
    assert start < np.mean(steps[:4]) < np.mean(steps[4:]), losses
    assert result.cross_entropy == pytest.approx(max(losses))
    noise = perturb(gradient, clean, truth, "noise", {"epsilon": 4.0}, seed=0, image_id="a.png")
    assert result.cross_entropy > max(start, noise.cross_entropy)
    change = (result.image.double() - clean.double()).abs()
    assert 3.9 / 255 < float(change.max()) <= 4 / 255
    assert 0 <= float(result.image.min()) <= float(result.image.max()) <= 1
    labels = segmenter(FloatImage(np.ascontiguousarray(result.image.permute(1, 2, 0).numpy())))
    accuracy = float((labels == truth.numpy()).mean())
    assert result.accuracy == pytest.approx(accuracy, abs=1e-3)
