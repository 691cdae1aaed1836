"""Gradients of a loss of logits with respect to the image."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from robustbench_seg.errors import ModelError
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.preprocessing import Inference, Preprocessing, Resize
from robustbench_seg.segmenter import (
    DifferentiableSegmenter,
    FloatImage,
    NetworkSegmenter,
    load_segmenter,
    why_no_gradient,
)

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HEIGHT, WIDTH = 29, 37


class Toy(nn.Module):
    """A smooth network with logits at 1/4, which differ with the size of its input."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Conv2d(3, 6, 5, stride=4, padding=2)
        self.head = nn.Conv2d(6, 4, 3, padding=1)

    def forward(self, images):
        x = torch.tanh(self.body(images))
        return self.head(x - x.mean((2, 3), keepdim=True) ** 2)


def segmenter_of(network=None, precision=None, **record):
    preprocessing = Preprocessing(MEAN, STD)
    return NetworkSegmenter(
        (network or Toy()).eval(),
        name="toy",
        classes=("a", "b", "c", "d"),
        record=SegmenterRecord("toy", preprocessing=preprocessing, precision=precision, **record),
        about=ModelFacts(),
    )


def image_of(height=HEIGHT, width=WIDTH):
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(1))


def float_image(image):
    return FloatImage(np.ascontiguousarray(image.permute(1, 2, 0).numpy()))


def loss(logits):
    """Cross-entropy with weights that differ from pixel to pixel."""
    classes, height, width = logits.shape
    truth = (torch.arange(height)[:, None] + torch.arange(width)) % classes
    weight = torch.linspace(0.1, 1, height * width).reshape(height, width).to(logits.dtype)
    return (F.cross_entropy(logits[None], truth[None], reduction="none")[0] * weight).sum()


def written_out(image, align=False, crop=None, stride=None, resize=None, grid=None):
    """The logits of float64 3xHxW, in plain steps and float64."""
    size = tuple(image.shape[1:])
    x = image[None]
    if resize:
        x = F.interpolate(x, resize.fitted(*size), mode="bilinear")
        x = F.interpolate(x, resize.size(*size), mode="bilinear")
    mean, std = (torch.tensor(v, dtype=torch.float64).reshape(1, 3, 1, 1) for v in (MEAN, STD))
    x = (x - mean) / std
    inner = tuple(x.shape[2:])
    if grid:
        bottom, right = (next(p for p in range(grid) if (s + p - 1) % grid == 0) for s in inner)
        x = F.pad(x, (0, right, 0, bottom))
    network, full = Toy().double(), tuple(x.shape[2:])
    total, count = torch.zeros(1, 4, *full, dtype=torch.float64), torch.zeros(full)

    def starts(length):
        if not crop or crop >= length:
            return [0]
        return sorted({min(s, length - crop) for s in range(0, length, stride) if s < length})

    for top in starts(full[0]):
        for left in starts(full[1]):
            here = slice(top, top + (crop or full[0])), slice(left, left + (crop or full[1]))
            part = x[:, :, *here]
            logits = network(part)
            up = F.interpolate(logits, part.shape[2:], mode="bilinear", align_corners=align)
            total = total + F.pad(
                up,
                (left, full[1] - left - up.shape[3], top, full[0] - top - up.shape[2]),
            )
            count[here] += 1
    z = (total / count)[:, :, : inner[0], : inner[1]]
    if resize:
        z = F.interpolate(z, size, mode="bilinear", align_corners=align)
    return z[0]


WAYS = {
    "whole": {},
    "align_corners": {"align": True},
    "slide": {"crop": 16, "stride": 11},
    "slide, align_corners": {"crop": 16, "stride": 11, "align": True},
    "slide over one side": {"crop": 32, "stride": 9},
    "resize": {"resize": Resize(40, 48, 8)},
    "resize, slide": {"resize": Resize(20, 60, 8), "crop": 16, "stride": 12},
    "grid": {"grid": 8},
    "resize, grid, align_corners": {"resize": Resize(22, 30), "grid": 16, "align": True},
}


def record_of(align=False, crop=None, stride=None, resize=None, grid=None):
    inference = Inference("slide", crop, stride) if crop else Inference("whole")
    return {"inference": inference, "resize": resize, "grid": grid, "align_corners": align}


@pytest.mark.parametrize("way", WAYS)
def test_the_gradient_equals_finite_differences_in_float64(way):
    segmenter, image = segmenter_of(**record_of(**WAYS[way])), image_of()
    logits, gradient = segmenter.loss_gradient(image, loss)
    exact = image.double()
    with torch.no_grad():
        torch.testing.assert_close(
            logits.double(), written_out(exact, **WAYS[way]), rtol=1e-4, atol=1e-5
        )
        random = torch.Generator().manual_seed(2)
        for _ in range(4):
            direction = torch.randn(exact.shape, generator=random, dtype=torch.float64)
            above, below = (
                loss(written_out(exact + step * direction, **WAYS[way])) for step in (1e-5, -1e-5)
            )
            expected = float(above - below) / 2e-5
            assert float((gradient * direction).sum()) == pytest.approx(
                expected, rel=1e-3, abs=1e-2
            )
        for place in [(0, 0, 0), (1, HEIGHT - 1, WIDTH - 1), (2, 14, 15), (0, 11, 25)]:
            step = torch.zeros_like(exact)
            step[place] = 1e-4
            above, below = (loss(written_out(exact + s * step, **WAYS[way])) for s in (1, -1))
            expected = float(above - below) / 2e-4
            assert float(gradient[place]) == pytest.approx(expected, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("way", WAYS)
def test_the_logits_are_those_that_are_scored(way):
    segmenter, image = segmenter_of(**record_of(**WAYS[way])), image_of()
    logits, _ = segmenter.loss_gradient(image, loss)
    assert not logits.requires_grad
    assert torch.equal(logits, segmenter.logits(float_image(image))[0])
    labels = segmenter(float_image(image))
    assert (logits.argmax(0).numpy() == labels).mean() >= 0.9999


class Scores(Toy):
    gives_scores = True

    def forward(self, images):
        return super().forward(images).sigmoid()


def test_logits_of_a_mask_classifier_are_logarithms_of_its_shares():
    segmenter, image = segmenter_of(Scores(), **record_of(crop=16, stride=11)), image_of()
    logits, gradient = segmenter.loss_gradient(image, loss)
    scores = segmenter.logits(float_image(image))[0]
    torch.testing.assert_close(logits, (scores / scores.sum(0)).log())
    direction = torch.randn(image.shape, generator=torch.Generator().manual_seed(2)) * 1e-3
    above, below = (segmenter.loss_gradient(image + s * direction, loss)[0] for s in (1, -1))
    expected = float(loss(above.double()) - loss(below.double())) / 2
    assert float((gradient * direction).sum()) == pytest.approx(expected, rel=1e-2)


class Activations:
    """Counts the bytes that graphs keep, of which `largest` were kept at the same time."""

    def __init__(self):
        self.now = self.largest = 0

    def keep(self, tensor):
        counter, size = self, tensor.nbytes

        class Kept:
            def __init__(self):
                self.tensor = tensor
                counter.now += size
                counter.largest = max(counter.largest, counter.now)

            def __del__(self):
                counter.now -= size

        return Kept()


class Counted(nn.Module):
    """Toy that counts its activations."""

    def __init__(self):
        super().__init__()
        self.network, self.activations = Toy(), Activations()

    def forward(self, images):
        with torch.autograd.graph.saved_tensors_hooks(
            self.activations.keep, lambda kept: kept.tensor
        ):
            return self.network(images)


def test_memory_for_activations_is_that_of_one_window():
    largest = []
    for width in (16, 27, 60, 104):  # 1, 2, 5 and 9 windows
        network = Counted()
        segmenter = segmenter_of(network, **record_of(crop=16, stride=11))
        segmenter.loss_gradient(image_of(16, width), loss)
        largest.append(network.activations.largest)
        assert network.activations.now == 0
    assert largest[0] > 0
    assert len(set(largest)) == 1


def test_a_call_leaves_the_network_as_it_was():
    network = Toy()
    network.head.bias.requires_grad_(False)
    segmenter, image = segmenter_of(network, **record_of(crop=16, stride=11)), image_of()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    wanted = {name: value.requires_grad for name, value in network.named_parameters()}
    segmenter.loss_gradient(image, loss)
    with pytest.raises(ZeroDivisionError):
        segmenter.loss_gradient(image, lambda logits: 1 / 0)
    for name, parameter in network.named_parameters():
        assert parameter.grad is None
        assert parameter.requires_grad == wanted[name]
    assert not any(module.training for module in network.modules())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not image.requires_grad
    assert image.grad is None


class Remembering(Toy):
    """It caches a tensor of its first call, as some models cache position encodings."""

    grid = None

    def forward(self, images):
        if self.grid is None or self.grid.shape != images.shape:
            self.grid = torch.ones_like(images).cumsum(3) / 50
        return super().forward(images * self.grid)


@pytest.mark.parametrize("way", ["whole", "slide"])
def test_it_works_after_labelling_and_inside_inference_mode(way):
    image = image_of()
    expected = segmenter_of(Remembering(), **record_of(**WAYS[way])).loss_gradient(image, loss)
    segmenter = segmenter_of(Remembering(), **record_of(**WAYS[way]))
    segmenter(float_image(image))
    torch.testing.assert_close(segmenter.loss_gradient(image, loss), expected)
    segmenter = segmenter_of(**record_of(**WAYS[way]))
    expected = segmenter.loss_gradient(image, loss)
    with torch.inference_mode():
        segmenter(float_image(image))
        torch.testing.assert_close(segmenter.loss_gradient(image.clone(), loss), expected)
    with torch.no_grad():
        torch.testing.assert_close(segmenter.loss_gradient(image, loss), expected)


class Changing(Toy):
    def forward(self, images):
        return super().forward(images.mul_(0.5))


@pytest.mark.parametrize("way", ["whole", "slide"])
def test_a_network_may_change_its_input(way):
    class Copying(Toy):
        def forward(self, images):
            return super().forward(images * 0.5)

    image, record = image_of(), record_of(**WAYS[way])
    found = segmenter_of(Changing(), **record).loss_gradient(image, loss)
    expected = segmenter_of(Copying(), **record).loss_gradient(image, loss)
    torch.testing.assert_close(found, expected)


class Detached(Toy):
    @torch.no_grad()
    def forward(self, images):
        return super().forward(images)


class Infinite(Toy):
    def forward(self, images):
        return super().forward(images) * float("inf")


ONE = "toy: expected one float32 image of 3xHxW RGB"
BAD_IMAGES = [
    (np.zeros((3, 4, 6), np.float32), f"{ONE}, got a ndarray; give a torch tensor"),
    (torch.zeros(3, 4, 6, dtype=torch.float64), f"{ONE}, got float64 3x4x6"),
    (torch.zeros(4, 6, 3), f"{ONE}, got float32 4x6x3"),
    (torch.zeros(1, 3, 4, 6), f"{ONE}, got float32 1x3x4x6"),
    (torch.zeros(3, 0, 6), f"{ONE}, got float32 3x0x6"),
    (torch.zeros(3, 4, 6, device="meta"), f"{ONE} on cpu, got one on meta; move it there"),
    (
        torch.full((3, 4, 6), float("nan")),
        f"{ONE}; this one has NaN or infinite values",
    ),
]


@pytest.mark.parametrize(("image", "message"), BAD_IMAGES)
def test_other_images_are_one_line(image, message):
    with pytest.raises(ModelError) as raised:
        segmenter_of().loss_gradient(image, loss)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("network", "wrong", "message"),
    [
        (Toy, lambda z: z.sum((0, 1)), "toy: the loss is 37; expected one number"),
        (Toy, lambda z: z.detach().sum(), "toy: the loss does not depend on the logits"),
        (Toy, lambda z: (z * 0).sum().sqrt(), "toy: the gradient of the loss is NaN or infinite"),
        (
            Detached,
            loss,
            "toy: its logits have no gradient; make its forward pass run without no_grad, detach "
            "or rounding",
        ),
        (Infinite, loss, "toy: its logits are NaN or infinite"),
    ],
)
@pytest.mark.parametrize("way", ["whole", "slide"])
def test_what_has_no_gradient_is_one_line(network, wrong, message, way):
    with pytest.raises(ModelError) as raised:
        segmenter_of(network(), **record_of(**WAYS[way])).loss_gradient(image_of(), wrong)
    assert str(raised.value) == message


def test_too_little_memory_says_what_to_try():
    class Large(Toy):
        def forward(self, images):
            raise torch.OutOfMemoryError("no more")

    with pytest.raises(ModelError, match="little memory for an image of 37x29; try another dev"):
        segmenter_of(Large()).loss_gradient(image_of(), loss)


def test_which_segmenters_give_gradients():
    segmenter = segmenter_of()
    assert why_no_gradient(segmenter) is None
    assert isinstance(segmenter, DifferentiableSegmenter)
    assert segmenter.device == torch.device("cpu")
    rough = segmenter_of(precision="bf16")
    assert why_no_gradient(rough) == "it computes in bf16, and a gradient needs float32"
    with pytest.raises(ModelError) as raised:
        rough.loss_gradient(image_of(), loss)
    assert str(raised.value) == f"toy gives no gradient: {why_no_gradient(rough)}"

    class Plain:
        """A segmenter of the interface only."""

    assert why_no_gradient(Plain()) == "it has no method loss_gradient"


def test_a_users_module_gives_gradients():
    named = {"classes": ("a", "b", "c", "d"), "mean": MEAN, "std": STD}
    segmenter = load_segmenter(Toy(), **named)
    expected = segmenter_of().loss_gradient(image_of(), loss)
    torch.testing.assert_close(segmenter.loss_gradient(image_of(), loss), expected)
