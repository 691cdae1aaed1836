"""Backends: the same network in other runtimes."""

import logging
import sys

import numpy as np
import pytest
import torch
from torch import nn

from robustbench_seg.architectures import build
from robustbench_seg.errors import ModelError, OptionError, RobustsegError
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.segmenter import load_segmenter
from robustbench_seg.segmenter.described_network import DescribedNetwork
from robustbench_seg.segmenter.loading.backends import automatic_backend, prepare_for_backend
from robustbench_seg.segmenter.loading.openvino_network import KEPT
from robustbench_seg.segmenter.segmenter_options import SegmenterOptions

RUNTIMES = ("onnxruntime", "openvino")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 5, stride=4, padding=2), nn.BatchNorm2d(8), nn.Conv2d(8, 5, 3, padding=1)
    ).eval()


def run(network, **options):
    """The network that runs, with its updated record and facts."""
    described = DescribedNetwork(network, SegmenterRecord("toy"), ModelFacts())
    prepared = prepare_for_backend(SegmenterOptions(**options), described)
    return prepared.network, prepared.record, prepared.about


@pytest.mark.parametrize("runtime", RUNTIMES)
@torch.inference_mode()
def test_the_same_logits_at_any_size(network, runtime):
    running, record, about = run(network, backend=runtime)
    assert record == SegmenterRecord("toy", runtime=runtime)
    assert about.libraries == {runtime: running.version}
    kept = []
    for width in (64, 97, 130, 80, 76, 72, 64):
        image = torch.randn(1, 3, 64, width)
        torch.testing.assert_close(running(image), network(image), rtol=0, atol=1e-5)
        kept.append((image, running(image)))
    assert len(getattr(running, "_compiled", ())) <= KEPT
    for image, logits in kept:  # a later call does not change an earlier result
        torch.testing.assert_close(logits, network(image), rtol=0, atol=1e-5)


def test_errors_of_a_backend_name_no_file_that_is_gone(network):
    running, *_ = run(network, backend="onnxruntime")
    with pytest.raises(ModelError) as caught:
        running(torch.randn(1, 4, 64, 64))
    said = str(caught.value)
    assert said.startswith("the backend onnxruntime does not take an image of 64x64 (")
    assert said.endswith("; try another backend")


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_gpu_that_cannot_be_started_is_no_cpu(network, monkeypatch):
    import onnxruntime

    # As with the package for GPUs if CUDA's libraries are missing.
    both = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: both)
    with pytest.raises(
        OptionError, match="'cuda': ONNX Runtime cannot start its CUDAExecutionProv"
    ):
        run(network, backend="onnxruntime", device="cuda")


@pytest.mark.parametrize(
    ("architecture", "variant"),
    [
        pytest.param("segformer", {}, marks=pytest.mark.slow),
        pytest.param("segformer", {"decoder": "openmmlab"}, marks=pytest.mark.slow),
        pytest.param("segformer", {"position_grid": (128, 192)}, marks=pytest.mark.slow),
        pytest.param("deeplabv3plus", {"backbone": "mobilenet_v2"}, marks=pytest.mark.slow),
        pytest.param(
            "deeplabv3plus",
            {"backbone": "resnet18", "layout": "openmmlab", "align_corners": True},
            marks=pytest.mark.slow,
        ),
    ],
)
@torch.inference_mode()
def test_openvino_takes_sizes_that_were_not_traced(architecture, variant):
    torch.manual_seed(0)
    network = build(architecture, 7, **variant).eval()
    running, *_ = run(network, backend="openvino")
    for size in ((128, 192), (97, 161), (160, 227)):
        image = torch.randn(1, 3, *size)
        expected = network(image)
        atol = 1e-5 * float(expected.abs().max())
        torch.testing.assert_close(running(image), expected, rtol=0, atol=atol)


@pytest.mark.slow
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_card_s_segmenter(runtime):
    """It names the runtime in its record; torch names how it folds instead."""
    card = "segformer-b0-minicity"
    image = np.random.default_rng(0).integers(0, 256, (96, 160, 3), np.uint8)
    plain, other = load_segmenter(card), load_segmenter(card, backend=runtime)
    torch.testing.assert_close(other.logits(image), plain.logits(image), rtol=0, atol=1e-4)
    assert (other(image) == plain(image)).mean() > 0.999
    assert (plain.record.runtime, other.record.runtime) == ("torch", runtime)
    assert plain.record.laws.keys() ^ other.record.laws.keys() == {"folding"}


@pytest.mark.parametrize(
    ("backend", "options", "message"),
    [
        ("tensorrt", {}, "backend 'tensorrt'"),
        ("openvino", {"precision": "bf16"}, "the backend openvino computes in float32"),
        ("openvino", {"device": "cuda"}, "runs only on the CPU, not on 'cuda'"),
        ("onnxruntime", {"device": "cuda"}, "has no CUDAExecutionProvider"),
    ],
)
def test_what_cannot_be_is_refused(network, backend, options, message):
    with pytest.raises(OptionError) as raised:
        run(network, backend=backend, **options)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "openvino", "precision": "bf16"}, "openvino computes in float32"),
        ({"backend": "openvino", "adapt": "bn"}, "openvino cannot adapt a network"),
        ({"backend": "openvino", "device": "cuda"}, "openvino runs only on the CPU, not on 'cuda'"),
        ({"backend": "openvino", "precision": "int8"}, "int8 needs calibration images"),
        ({"backend": "onnxruntime"}, "the backend onnxruntime: ONNX Runtime is not installed"),
        ({"device": "cuda:99"}, "device 'cuda:99': .* choose another device"),
        ({"device": "nothing"}, "device 'nothing': .*; choose another device"),
        ({"device": "meta"}, "device 'meta' computes no numbers; choose another device"),
        ({"device": "cpu:0"}, "device 'cpu:0': torch does not number CPUs; choose cpu"),
    ],
)
def test_it_is_refused_before_the_weights_are_read(monkeypatch, options, message):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setattr(
        "robustbench_seg.segmenter.loading.card_segmenter.read_card_weights",
        lambda *_: pytest.fail("the weights are read"),
    )
    with pytest.raises(RobustsegError, match=message):
        load_segmenter("segformer-b0-minicity", **options)


class Untraceable(nn.Module):
    def forward(self, images):
        if torch.jit.is_tracing():
            raise RuntimeError("no graph\nof this")
        return images[:, :2]


def test_a_network_that_openvino_cannot_run_is_torch_s():
    root = logging.getLogger()
    logs = root.level, list(root.handlers)
    with pytest.raises(ModelError) as caught:
        run(Untraceable(), backend="openvino")
    assert str(caught.value).startswith("the backend openvino cannot run this network (")
    assert str(caught.value).endswith("); try another backend")
    assert "\n" not in str(caught.value)
    running, record, _ = run(Untraceable(), backend="auto")
    assert isinstance(running, Untraceable)
    assert record == run(Untraceable(), backend="torch")[1]
    assert (root.level, root.handlers) == logs  # otherwise later warnings would be hidden


@pytest.mark.parametrize(
    ("options", "backend"),
    [({}, "openvino"), ({"precision": "bf16"}, "torch"), ({"device": "cuda"}, "torch")],
)
def test_auto_is_openvino_for_float32_on_a_cpu(network, options, backend):
    assert automatic_backend(SegmenterOptions(**options)) == backend
    if not options:
        assert run(network, backend="auto")[1] == SegmenterRecord("toy", runtime="openvino")


@pytest.mark.parametrize("missing", ["openvino", "onnxruntime", "onnxscript"])
def test_a_runtime_that_is_not_installed(monkeypatch, network, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    backend = "openvino" if missing == "openvino" else "onnxruntime"
    with pytest.raises(ModelError, match=r"not installed: pip install 'robustseg\[\w+\]'"):
        run(network, backend=backend)


def test_others_models_decide_themselves():
    with pytest.raises(
        OptionError, match="accepts only the options name, batch; leave out backend"
    ):
        load_segmenter("python:mine:segment", backend="openvino")
