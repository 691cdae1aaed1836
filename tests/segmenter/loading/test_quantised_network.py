"""Networks in 8-bit integers: near those in float32, the same each time, and recorded."""

import copy
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from robustbench_seg.datasets import open_dataset
from robustbench_seg.errors import ModelError, OptionError
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.segmenter import load_segmenter
from robustbench_seg.segmenter.described_network import DescribedNetwork
from robustbench_seg.segmenter.loading import quantised_network
from robustbench_seg.segmenter.loading.quantisation import write_quantised_graph
from robustbench_seg.segmenter.loading.quantised_network import prepare_quantised
from robustbench_seg.segmenter.segmenter_options import SegmenterOptions

RUNTIMES = ("onnxruntime", "openvino")
CARD = "deeplabv3plus-mobilenetv2-minicity"


class Images:
    """Smooth random images; the second half is darker by `dim`."""

    name, split = "toy", "train"

    def __init__(self, count=40, dim=1.0):
        self.ids = tuple(map(str, range(count)))
        self._dim = dim

    def __len__(self):
        return len(self.ids)

    def image(self, place):
        coarse = torch.rand(1, 3, 4, 6, generator=torch.Generator().manual_seed(place))
        smooth = nn.functional.interpolate(coarse, (64, 96), mode="bilinear")
        dim = self._dim if place >= len(self) // 2 else 1.0
        return (smooth[0].permute(1, 2, 0) * 255 * dim).byte().numpy()


def inputs_of(image):
    return [torch.from_numpy(image).permute(2, 0, 1)[None] / 64.0 - 2]


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 16, 5, stride=4, padding=2),
        nn.BatchNorm2d(16),
        nn.ReLU6(),
        nn.Conv2d(16, 5, 3, padding=1),
    ).eval()


def prepared(network, data, backend="onnxruntime"):
    options = SegmenterOptions(precision="int8", backend=backend, calibration=data)
    described = DescribedNetwork(network, SegmenterRecord("toy"), ModelFacts())
    quantised = prepare_quantised(options, described, inputs_of)
    return quantised.network, quantised.record, quantised.about


@pytest.mark.parametrize("runtime", RUNTIMES)
@torch.inference_mode()
def test_logits_are_near_those_of_float32(network, runtime):
    running, record, about = prepared(network, Images(), runtime)
    assert (record.runtime, about.libraries) == (runtime, {runtime: running.version})
    for place in range(100, 104):  # not calibration images
        (inputs,) = inputs_of(Images().image(place % 40))
        inputs = inputs[..., : 96 - 8 * (place % 2)]
        expected, found = network(inputs), running(inputs)
        assert not torch.allclose(found, expected, rtol=0, atol=1e-4)  # not float32
        cosine = nn.functional.cosine_similarity(found.flatten(), expected.flatten(), dim=0)
        assert cosine > 0.999
        assert (found.argmax(1) == expected.argmax(1)).float().mean() > 0.95


@pytest.mark.slow
def test_equal_images_give_equal_bytes_and_others_do_not(network, tmp_path):
    def graph(name, scale=1.0):
        images = (scale * inputs_of(Images().image(place))[0] for place in range(4))
        write_quantised_graph(network, images, tmp_path / name)
        return (tmp_path / name).read_bytes()

    assert graph("one.onnx") == graph("two.onnx")
    assert graph("one.onnx") != graph("other.onnx", scale=0.5)


@pytest.fixture(scope="module")
def graph(network, tmp_path_factory):
    """The network in integers."""
    path = tmp_path_factory.mktemp("graph") / "graph.onnx"
    write_quantised_graph(network, inputs_of(Images().image(0)), path)
    return path


@pytest.fixture
def made(monkeypatch, tmp_path, graph):
    """The number of graphs asked for so far, of which each is the same; the cache is empty."""
    monkeypatch.setenv("ROBUSTSEG_CACHE", str(tmp_path / "cache"))
    count = SimpleNamespace(graphs=0)

    def make(network, inputs, path):
        count.graphs += 1
        path.write_bytes(graph.read_bytes())

    monkeypatch.setattr(quantised_network, "write_quantised_graph", make)
    return count


@torch.inference_mode()
def test_a_graph_is_made_once_and_kept(network, made, tmp_path):
    inputs = inputs_of(Images().image(3))[0]
    first = prepared(network, Images(8))[0](inputs)
    assert torch.equal(prepared(network, Images(8))[0](inputs), first)
    prepared(network, Images(8), "openvino")
    assert made.graphs == 1
    (kept,) = (tmp_path / "cache" / "quantised").iterdir()
    prepared(network, Images(9))
    other = copy.deepcopy(network)
    other[0].bias[0] += 1
    prepared(other, Images(8))
    assert made.graphs == 3
    kept.write_bytes(kept.read_bytes()[:-1] + b"x")
    assert torch.equal(prepared(network, Images(8))[0](inputs), first)
    assert made.graphs == 4, "a changed file is not used"


def test_a_cache_that_cannot_be_written_is_no_obstacle(network, made, tmp_path):
    (tmp_path / "cache").write_text("a file")
    for _ in range(2):
        assert prepared(network, Images(8))[1].runtime == "onnxruntime"
    assert made.graphs == 2


def test_weights_are_integers_of_a_scale_for_each_channel(graph):
    inside = onnx.load(graph).graph
    arrays = {each.name: onnx.numpy_helper.to_array(each) for each in inside.initializer}
    makers = {output: node for node in inside.node for output in node.output}
    convolutions = [node for node in inside.node if node.op_type == "Conv"]
    assert len(convolutions) == 2
    for node, channels in zip(convolutions, (16, 5), strict=True):
        activation, weight = (makers[name] for name in node.input[:2])
        assert {activation.op_type, weight.op_type} == {"DequantizeLinear"}
        values, scales = (arrays[name] for name in weight.input[:2])
        assert (values.dtype, scales.shape) == (np.int8, (channels,))


def test_the_record_names_the_images_and_their_pixels(network, monkeypatch):
    seen = []

    def write(network, inputs, path):
        seen.append(len(list(inputs)))

    monkeypatch.setattr(quantised_network, "find_graph", lambda key: None)
    monkeypatch.setattr(quantised_network, "write_quantised_graph", write)
    monkeypatch.setattr(quantised_network, "keep_graph", lambda key, graph: None)
    monkeypatch.setattr(
        quantised_network, "run_in", lambda backend, described, device, graph: described
    )
    records = [
        prepared(network, data)[1].calibration
        for data in (Images(), Images(), Images(count=8), Images(dim=0.5))
    ]
    one, again, few, darker = records
    assert one == again
    assert seen == [32, 32, 8, 32]
    assert (one.dataset, one.split, len(one.images)) == ("toy", "train", 32)
    assert (one.images[0], one.images[-1]) == ("0", "39")
    assert few.images == tuple(map(str, range(8)))
    assert replace(darker, pixels=one.pixels) == one != darker
    assert str(one).startswith(f"32 images of toy train ({one.pixels[:8]}), onnxruntime ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "int8 needs the backend onnxruntime or openvino, not torch; choose one of them"),
        ({"backend": "auto"}, "onnxruntime or openvino, not auto; choose one of them"),
        ({"backend": "openvino", "adapt": "bn"}, "int8 cannot be adapted; leave out adapt or prec"),
        ({"backend": "openvino", "device": "cuda"}, "int8 is for the CPU, not 'cuda'"),
        ({"backend": "openvino"}, "precision int8 needs calibration images; give calibration"),
        ({"backend": "openvino", "calibration": Images(0)}, "int8 needs calibration images"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(OptionError) as caught:
        load_segmenter(CARD, precision="int8", **options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_only_cards_are_quantised():
    with pytest.raises(OptionError, match=r"leave out .*backend"):
        load_segmenter("onnx:mine.onnx", precision="int8", backend="openvino")
    with pytest.raises(OptionError, match=r"leave out .*backend"):
        load_segmenter(
            nn.Conv2d(3, 2, 1),
            name="mine",
            classes=("a", "b"),
            mean=(0, 0, 0),
            std=(1, 1, 1),
            precision="int8",
            backend="openvino",
        )


def test_a_library_that_is_not_installed(network, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(
        ModelError, match=r"precision int8 needs onnxruntime, which is not installed: pip"
    ):
        prepared(network, Images())


@pytest.mark.slow
def test_a_card_s_segmenter():
    """Most labels are those of float32; it gives no gradient."""
    train, val = (open_dataset("minicity", split=split) for split in ("train", "val"))
    plain = load_segmenter(CARD)
    quantised = load_segmenter(CARD, precision="int8", backend="onnxruntime", calibration=train)
    assert quantised.name == f"{CARD}-int8"
    assert quantised.record.calibration.split == "train"
    assert quantised.record.weights == plain.record.weights
    assert quantised.why_no_gradient
    same = [(quantised(val.image(place)) == plain(val.image(place))).mean() for place in range(3)]
    assert 0.98 < np.mean(same) < 1
