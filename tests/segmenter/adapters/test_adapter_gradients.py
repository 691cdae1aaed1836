"""Gradients of foreign models, and why some have none."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from robustbench_seg.errors import ModelError, OptionError
from robustbench_seg.segmenter import (
    DifferentiableSegmenter,
    FloatImage,
    StoredPredictions,
    load_segmenter,
    why_no_gradient,
)
from tests.segmenter.adapters.test_exported import MEAN as SIDECAR_MEAN
from tests.segmenter.adapters.test_exported import Call, Ends, describe, export, small

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIZE = (67, 91)


def loss(logits):
    truth = (torch.arange(SIZE[0])[:, None] // 7 + torch.arange(SIZE[1]) // 7) % len(logits)
    return F.cross_entropy(logits[None], truth[None])


def image_of():
    """Smooth enough that networks of transformers with random weights are so, too."""
    blobs = torch.rand(1, 3, 6, 8, generator=torch.Generator().manual_seed(1))
    return F.interpolate(blobs, SIZE, mode="bilinear")[0]


def float_image(image):
    return FloatImage(np.ascontiguousarray(image.permute(1, 2, 0).numpy()))


def plain(kind, folder, image):
    """Logits by transformers in plain steps: for mask classifiers logarithms of shares."""
    import transformers

    mean, std = (torch.tensor(v).reshape(1, 3, 1, 1) for v in (MEAN, STD))
    pixels = (image[None] - mean) / std
    if kind in ("segformer", "upernet", "beit"):
        model = transformers.AutoModelForSemanticSegmentation.from_pretrained(folder).eval()
        return F.interpolate(model(pixels).logits, SIZE, mode="bilinear")[0]
    model = transformers.AutoModelForUniversalSegmentation.from_pretrained(folder).eval()
    names = ("class_queries_logits", "masks_queries_logits")
    if kind == "detr":
        names = ("logits", "pred_masks")
    else:
        pixels = F.pad(pixels, (0, -SIZE[1] % 32, 0, -SIZE[0] % 32))
    answer = model(pixel_values=pixels)
    classes, masks = (getattr(answer, name) for name in names)
    masks = F.interpolate(masks, pixels.shape[2:], mode="bilinear")
    masks = masks[..., : SIZE[0], : SIZE[1]].sigmoid()
    scores = torch.einsum("bqc,bqhw->bchw", classes.softmax(-1)[..., :-1], masks)[0]
    return (scores / scores.sum(0)).log()


@pytest.mark.parametrize(
    "kind", ["segformer", "upernet", "beit", "maskformer", "mask2former", "detr"]
)
def test_a_model_of_transformers_at_native_size(saved_model, kind):
    segmenter, image = load_segmenter(f"hf:{saved_model(kind)}"), image_of()
    assert why_no_gradient(segmenter) is None
    labels = segmenter(float_image(image))  # first, in case it keeps tensors
    logits, gradient = segmenter.loss_gradient(image, loss)
    assert (logits.argmax(0).numpy() == labels).mean() >= 0.9999
    leaf = image.clone().requires_grad_()
    expected = plain(kind, saved_model(kind), leaf)
    spread = float(expected.detach().std())
    torch.testing.assert_close(logits, expected.detach(), rtol=0, atol=1e-3 * spread)
    (wanted,) = torch.autograd.grad(loss(expected), leaf)
    assert float(wanted.norm()) > 0
    assert float((gradient - wanted).norm()) <= 0.01 * float(wanted.norm())


def test_a_model_of_transformers_at_a_size_of_its_own(saved_model):
    segmenter = load_segmenter(f"hf:{saved_model('segformer')}", input_size="48x64")
    image = image_of()
    logits, gradient = segmenter.loss_gradient(image, loss)
    torch.testing.assert_close(logits, segmenter.logits(float_image(image))[0])
    step = 1e-3 * gradient / gradient.norm()
    above, below = (loss(segmenter.loss_gradient(image + s * step, loss)[0]) for s in (20, -20))
    expected = float(above.double() - below.double()) / 40
    assert float((gradient * step).sum()) == pytest.approx(expected, rel=0.05)


def test_an_image_processor_has_none(saved_model):
    segmenter = load_segmenter(f"hf:{saved_model('segformer')}", input_size="processor")
    assert why_no_gradient(segmenter) == (
        "its image processor rounds images to 8 bits; choose the input size native, or a height "
        "and width"
    )
    with pytest.raises(ModelError, match="it takes images of 8 bits only; round the image to 8"):
        segmenter(float_image(image_of()))


@pytest.mark.parametrize("suffix", ["pt2", "pt"])
def test_a_program_of_torch_gives_gradients(tmp_path, suffix):
    path = tmp_path / f"mine.{suffix}"
    export(describe(path), small())
    segmenter, image = load_segmenter(f"exported:{path}"), image_of()
    assert why_no_gradient(segmenter) is None
    mean, std = (torch.tensor(v).reshape(1, 3, 1, 1) for v in ((0.4, 0.5, 0.6), (0.2, 0.25, 0.3)))
    leaf = image.clone().requires_grad_()
    expected = F.interpolate(small()((leaf[None] - mean) / std), SIZE, mode="bilinear")[0]
    (wanted,) = torch.autograd.grad(loss(expected), leaf)
    logits, gradient = segmenter.loss_gradient(image, loss)
    torch.testing.assert_close(logits, expected.detach(), rtol=0, atol=1e-5)
    torch.testing.assert_close(gradient, wanted, rtol=1e-3, atol=1e-7)


def test_programs_without_gradients_say_why(tmp_path):
    def reason(network, more=SIDECAR_MEAN, images=None):
        path = tmp_path / "mine.pt"
        export(describe(path, more), network, images)
        return why_no_gradient(load_segmenter(f"exported:{path}"))

    labels = Ends(Call(lambda x: x.argmax(1)))
    assert reason(labels, SIDECAR_MEAN + 'answer = "labels"') == "its program returns labels"
    levels = Ends(Call(lambda x: x), Call(lambda x: x.float()))
    taken = torch.zeros(1, 3, 48, 64, dtype=torch.uint8)
    assert reason(levels, "", taken) == "its program takes uint8, and a gradient needs float32"
    cut = reason(Ends(Call(lambda x: x.detach())))
    assert cut.startswith("its program cannot be differentiated (")


def test_other_runtimes_and_files_have_none(tmp_path):
    from robustbench_seg.segmenter.adapters.programs.onnx_network import OnnxNetwork
    from robustbench_seg.segmenter.loading.openvino_network import OpenVinoNetwork

    for kind in (OnnxNetwork, OpenVinoNetwork):
        assert kind.why_no_gradient == "its graph does not run in torch"
    assert StoredPredictions.why_no_gradient == "its predictions are files"


class Own:
    """A user's object with its own gradients."""

    name, version, classes = "own", "1", ("a", "b", "c")

    def __init__(self):
        torch.manual_seed(0)
        self.network = torch.nn.Conv2d(3, 3, 3, padding=1)

    def _logits(self, image):
        return self.network(image[None])[0]

    def __call__(self, image):
        levels = image.dtype == np.uint8
        pixels = torch.from_numpy(image / np.float32(255) if levels else image)
        with torch.inference_mode():
            return self._logits(pixels.permute(2, 0, 1)).argmax(0).numpy()

    def loss_gradient(self, image, loss):
        leaf = image.clone().requires_grad_()
        logits = self._logits(leaf)
        return logits, torch.autograd.grad(loss(logits), leaf)[0]


def test_a_users_object_with_gradients():
    own = Own()
    segmenter, image = load_segmenter(own), image_of()
    assert why_no_gradient(segmenter) is None
    assert isinstance(segmenter, DifferentiableSegmenter)
    assert segmenter.device == torch.device("cpu")
    logits, gradient = segmenter.loss_gradient(image, loss)
    assert not logits.requires_grad
    assert torch.equal(gradient, own.loss_gradient(image, loss)[1])
    with torch.inference_mode():
        assert torch.equal(segmenter.loss_gradient(image.clone(), loss)[1], gradient)
    assert (segmenter(float_image(image)) == logits.argmax(0).numpy()).all()
    levels = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    assert (segmenter(FloatImage(levels / np.float32(255))) == segmenter(levels)).all()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda z, g: (z[:2], g), "returns logits 2x67x91; expected a tensor 3x67x91"),
        (lambda z, g: (z, g[:, 1:]), "returns gradient 3x66x91; expected a tensor 3x67x91"),
        (lambda z, g: (z, None), "returns gradient NoneType; expected a tensor 3x67x91"),
        (lambda z, g: (z, g / 0), "returns gradient with NaN or infinite values"),
        (lambda z, g: z / 0 if z.sum() else 1 / 0, "fails: "),
    ],
)
def test_a_wrong_answer_of_a_users_object_is_one_line(answer, message):
    class Wrong(Own):
        def loss_gradient(self, image, loss):
            return answer(*super().loss_gradient(image, loss))

    segmenter = load_segmenter(Wrong())
    with pytest.raises(ModelError, match="its loss_gradient ") as raised:
        segmenter.loss_gradient(image_of(), loss)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_users_object_without_gradients_says_so():
    class Labels(Own):
        loss_gradient = None

    segmenter = load_segmenter(Labels())
    assert why_no_gradient(segmenter) == "its object has no method loss_gradient"
    with pytest.raises(ModelError) as raised:
        segmenter.loss_gradient(image_of(), loss)
    assert str(raised.value) == f"own gives no gradient: {why_no_gradient(segmenter)}"


SEGMENTER = """
import torch
import robustbench_seg as rs

def make():
    torch.manual_seed(0)
    network = torch.nn.Conv2d(3, 2, 3, padding=1)
    return rs.load_segmenter(
        network, name="mine", classes=["a", "b"], mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)
    )
"""


def test_a_callable_may_return_the_segmenter_of_a_torch_module(tmp_path, monkeypatch):
    (tmp_path / "module_models.py").write_text(SEGMENTER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    segmenter = load_segmenter("python:module_models:make")
    assert (segmenter.name, segmenter.record.runtime) == ("mine", "torch")
    assert why_no_gradient(segmenter) is None
    assert segmenter.loss_gradient(image_of(), loss)[1].shape == (3, *SIZE)
    with pytest.raises(OptionError, match="accepts only the options name, batch; leave out device"):
        load_segmenter("python:module_models:make", device="meta")
