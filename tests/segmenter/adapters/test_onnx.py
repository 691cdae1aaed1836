"""onnx: graphs, exported in these tests."""

import logging
import tomllib

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from robustbench_seg.architectures import SegmentationNetwork
from robustbench_seg.errors import CardError, FileError, ModelError, OptionError, RobustsegError
from robustbench_seg.files import digest_file
from robustbench_seg.records.cards.model_card import load_card
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.preprocessing import Inference, Preprocessing
from robustbench_seg.segmenter import load_model, load_segmenter
from robustbench_seg.segmenter.adapters.programs.onnx_export import export_onnx
from robustbench_seg.segmenter.adapters.programs.onnx_network import OnnxNetwork
from robustbench_seg.segmenter.adapters.programs.sidecar import parse_sidecar
from robustbench_seg.segmenter.network_segmenter import NetworkSegmenter

CLASSES = ("sky", "road", "car")
PREPROCESSING = Preprocessing((0.4, 0.5, 0.6), (0.2, 0.25, 0.3))


class Small(SegmentationNetwork):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 8, 5, stride=4, padding=2), nn.ReLU())
        self.head = nn.Conv2d(8, 3, 3, padding=1)

    def forward(self, images):
        return self.head(self.backbone(images))


def small_network():
    torch.manual_seed(0)
    return Small().eval()


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(0, 256, (67, 90, 3), np.uint8)


@pytest.fixture(scope="module")
def graphs(tmp_path_factory):
    """The same network as a graph for any size, and for one."""
    what = {"classes": CLASSES, "preprocessing": PREPROCESSING, "inference": Inference("whole")}
    made = {}
    for name, size in (("any", None), ("one", (48, 64))):
        made[name] = tmp_path_factory.mktemp(name) / "mine.onnx", size
        export_onnx(small_network(), made[name][0], name="small", size=size, **what)
    return made


@pytest.fixture(params=["any", "one"])
def exported(request, graphs):
    return graphs[request.param]


@pytest.fixture
def graph(graphs, tmp_path):
    """A copy of the one for one size, for a test to spoil."""
    source, _ = graphs["one"]
    path = tmp_path / "mine.onnx"
    for suffix in (".onnx", ".toml"):
        path.with_suffix(suffix).write_bytes(source.with_suffix(suffix).read_bytes())
    return path


SIDECAR = """
name = "small"
mean = [0.4, 0.5, 0.6]
std = [0.2, 0.25, 0.3]
classes = ["sky", "road", "car"]
input_size = [48, 64]
[inference]
mode = "whole"
"""


def wanted_logits(image, size, align_corners=False):
    mean, std = (torch.tensor(v).reshape(1, 3, 1, 1) for v in vars(PREPROCESSING).values())
    batch = (torch.from_numpy(image).permute(2, 0, 1)[None] / 255 - mean) / std
    if size:
        batch = F.interpolate(batch, size, mode="bilinear", align_corners=False)
    with torch.inference_mode():
        logits = small_network()(batch)
        return F.interpolate(logits, image.shape[:2], mode="bilinear", align_corners=align_corners)


def test_an_exported_model_gives_its_labels(exported, image):
    path, size = exported
    segmenter = load_segmenter(f"onnx:{path}")
    wanted = wanted_logits(image, size)
    assert wanted.argmax(1).unique().numel() > 1
    torch.testing.assert_close(segmenter.logits(image), wanted, atol=1e-5, rtol=0)
    assert (segmenter(image) == wanted.argmax(1)[0].numpy()).mean() > 0.999
    assert (segmenter.name, segmenter.classes) == ("small", CLASSES)
    record, about = segmenter.record, segmenter.about
    assert (record.architecture, record.runtime) == ("onnx", "onnxruntime")
    assert record.weights == digest_file(path)
    assert record.input_size == size
    assert record.laws == {"onnx": 1, "inference": 1}
    assert (about.location, about.weights_file) == (f"onnx:{path}", "mine.onnx")
    assert about.libraries == {"onnxruntime": onnxruntime.__version__}


def externally(graph):
    """Move the weights of a graph to a file next to it; return that file."""
    onnx.save_model(
        onnx.load(str(graph)),
        str(graph),
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=0,
    )
    return graph.with_name("weights.bin")


def test_weights_in_another_file_are_in_the_record(graph, image):
    whole = load_segmenter(f"onnx:{graph}")
    weights = externally(graph)
    segmenter = load_segmenter(f"onnx:{graph}")
    assert np.array_equal(segmenter(image), whole(image))
    raw = bytearray(weights.read_bytes())
    raw[1] ^= 1  # one bit of a mantissa
    weights.write_bytes(raw)
    assert load_segmenter(f"onnx:{graph}").record.weights != segmenter.record.weights


def test_weights_in_another_file_lie_beside_the_graph(graph, tmp_path):
    weights = externally(graph)
    weights.rename(tmp_path / "gone.bin")
    with pytest.raises(ModelError) as raised:
        load_segmenter(f"onnx:{graph}")
    assert str(raised.value) == (
        f"onnx:{graph}: its tensors are in 'weights.bin', which is not in the same folder; put "
        "all files of the export into one folder"
    )
    (tmp_path / "gone.bin").rename(weights)
    inside = tmp_path / "inside"
    inside.mkdir()
    model = onnx.load(str(graph), load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = "../weights.bin"
    (inside / "mine.onnx").write_bytes(model.SerializeToString())
    (inside / "mine.toml").write_bytes(graph.with_suffix(".toml").read_bytes())
    with pytest.raises(ModelError, match=r"its tensors are in '\.\./weights\.bin', which is not"):
        load_segmenter(f"onnx:{inside / 'mine.onnx'}")


def test_windows_go_through_a_graph_one_by_one(graphs, image):
    path, _ = graphs["any"]  # its batch size is 1, as in most graphs
    images = torch.from_numpy(image).permute(2, 0, 1).float()[None]
    windows = torch.cat([images[..., :64], images[..., 26:]]) / 255
    logits = OnnxNetwork(path, "cpu")(windows)
    with torch.inference_mode():
        torch.testing.assert_close(logits, small_network()(windows), rtol=1e-4, atol=1e-5)


def test_the_sidecar_is_the_contract_s(exported):
    path, size = exported
    said = tomllib.loads(path.with_suffix(".toml").read_text())
    assert said.pop("inference") == {"mode": "whole"}
    assert said.pop("align_corners") is False
    fixed = {"input_size": list(size)} if size else {}
    assert said == {
        "name": "small",
        "mean": [0.4, 0.5, 0.6],
        "std": [0.2, 0.25, 0.3],
        "classes": list(CLASSES),
        "channels": "RGB",
        **fixed,
    }


def test_without_a_sidecar_one_to_fill_in_is_printed(graph):
    graph.with_suffix(".toml").unlink()
    with pytest.raises(ModelError) as raised:
        load_segmenter(f"onnx:{graph}")
    first, _, template = str(raised.value).partition("\n\n")
    assert first == (
        f"{graph}: there is no mine.toml next to it, which describes its inputs and outputs; "
        "create one from this template:"
    )
    filled = template.replace('dataset = "cityscapes"', 'classes = ["sky", "road", "car"]')
    graph.with_suffix(".toml").write_text(filled)
    assert load_segmenter(f"onnx:{graph}").name == "mine"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"car"]',
            '"car", "bus"]',
            "the graph returns 3 classes, but 4 are named in mine.toml: sky, road",
        ),
        ("classes =", "clases =", "unknown key 'clases'; did you mean 'classes'?"),
        ('name = "small"', 'name = "small"\ndataset = "camvid"', "give either dataset or classes"),
        ('classes = ["sky", "road", "car"]', "", "give either dataset or classes"),
        (
            'classes = ["sky", "road", "car"]',
            'dataset = "cityscape"',
            "unknown dataset 'cityscape'",
        ),
        (
            'classes = ["sky", "road", "car"]',
            'dataset = "yard.toml"',
            "; for a dataset of your own write classes = [...] instead",
        ),
        ("std = [0.2", "std = [0.0", "mine.toml: std[0] = 0.0"),
        ("[48, 64]", "[32, 32]", "input_size is 32x32, but the graph takes 48x64"),
        (
            '"whole"',
            '"slide"\ncrop = 32\nstride = 24',
            "windows of 32x32 do not fit an input",
        ),
        ('"whole"', '"slide"', "mode 'slide' needs a positive crop, and a stride of at most that"),
        ('"whole"', '"whole"\ncrop = 32', "mode 'whole' takes neither crop nor stride"),
    ],
)
def test_a_wrong_sidecar_is_refused(graph, old, new, message):
    sidecar = graph.with_suffix(".toml")
    assert parse_sidecar(SIDECAR, "") == parse_sidecar(sidecar.read_text(), "")
    assert SIDECAR.count(old) == 1
    sidecar.write_text(SIDECAR.replace(old, new))
    with pytest.raises(RobustsegError) as raised:
        load_segmenter(f"onnx:{graph}")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "bf16"}, "leave out precision"),
        ({"device": "cuda"}, "has no CUDAExecutionProvider; choose another device"),
        ({"inference": "slide"}, "takes only images of 48x64, not windows of 1024x1024; leave"),
        ({"weights": "none"}, "leave out weights"),
    ],
)
def test_what_a_graph_cannot_do_is_refused(graph, options, message):
    with pytest.raises(OptionError) as raised:
        load_segmenter(f"onnx:{graph}", **options)
    assert message in str(raised.value)


def test_what_is_no_graph_is_refused(graph, tmp_path):
    with pytest.raises(ModelError, match=r"gone\.onnx: there is no such file"):
        load_segmenter(f"onnx:{tmp_path / 'gone.onnx'}")
    graph.write_bytes(b"not a graph")
    with pytest.raises(ModelError, match="not a graph that can be run"):
        load_segmenter(f"onnx:{graph}")


def exported_as(path, network, inference, size=None):
    export_onnx(
        network,
        path,
        name="small",
        classes=CLASSES,
        preprocessing=PREPROCESSING,
        inference=inference,
        size=size,
    )
    return load_segmenter(f"onnx:{path}")


def test_windows_of_the_only_size_a_graph_takes(tmp_path, image):
    sliding = Inference("slide", 32, 24)
    there = exported_as(tmp_path / "fixed.onnx", small_network(), sliding, (32, 32))
    wanted = NetworkSegmenter(
        small_network(),
        name="small",
        classes=CLASSES,
        record=SegmenterRecord("small", preprocessing=PREPROCESSING, inference=sliding),
        about=ModelFacts(),
    )
    torch.testing.assert_close(there.logits(image), wanted.logits(image), rtol=0, atol=1e-4)
    with pytest.raises(CardError, match="windows of 32x32 do not fit an input_size of 48x64"):
        exported_as(tmp_path / "other.onnx", small_network(), sliding, (48, 64))
    assert not (tmp_path / "other.onnx").exists()


def test_logits_are_upsampled_as_the_network_was_trained(tmp_path, image):
    network = small_network()
    network.align_corners = True
    there = exported_as(tmp_path / "a.onnx", network, Inference("whole"))
    wanted = wanted_logits(image, None, align_corners=True)
    torch.testing.assert_close(there.logits(image), wanted, rtol=0, atol=1e-4)
    network.grid = 16
    with pytest.raises(
        ModelError, match="small: it evaluates padded images, which the description of a"
    ):
        exported_as(tmp_path / "b.onnx", network, Inference("whole"))


def test_an_export_overwrites_an_export_and_never_a_card(graph, tmp_path):
    before = graph.read_bytes()
    exported_as(graph, small_network(), Inference("whole"))
    assert graph.read_bytes() != before
    graph.unlink()
    card = tmp_path / "mine.toml"
    card.write_text('architecture = "segformer"\n')
    with pytest.raises(
        FileError, match=r"mine\.toml exists and is not the description of a graph; mo"
    ):
        exported_as(tmp_path / "mine.onnx", small_network(), Inference("whole"))
    assert card.read_text() == 'architecture = "segformer"\n'
    assert not (tmp_path / "mine.onnx").exists()


def test_a_graph_is_called_onnx(tmp_path):
    with pytest.raises(ModelError, match=r"name the graph with the suffix \.onnx"):
        export_onnx(
            small_network(),
            tmp_path / "a.pt",
            name="a",
            classes=CLASSES,
            preprocessing=PREPROCESSING,
            inference=Inference("whole"),
        )


def test_what_the_exporter_says_about_itself_is_hidden(tmp_path, monkeypatch, caplog):
    exporter = logging.getLogger("torch.onnx.registration")
    monkeypatch.setattr(exporter, "handlers", [caplog.handler])

    def export(*_, **__):
        exporter.warning("torchvision is not installed")
        raise MemoryError

    monkeypatch.setattr(torch.onnx, "export", export)
    with pytest.raises(MemoryError):
        exported_as(tmp_path / "a.onnx", small_network(), Inference("whole"))
    assert not caplog.messages
    exporter.warning("of another export")
    assert "of another export" in caplog.messages


@pytest.mark.slow
@pytest.mark.parametrize("name", ["segformer-b0-minicity", "deeplabv3plus-mobilenetv2-minicity"])
def test_shipped_models_give_the_same_labels_as_graphs(tmp_path, name):
    card, path = load_card(name), tmp_path / "a.onnx"
    export_onnx(
        load_model(name),
        path,
        name=name,
        classes=load_segmenter(name).classes,
        preprocessing=card.preprocessing,
        inference=card.inference,
    )
    rng = np.random.default_rng(0)
    for height, width in ((128, 256), (97, 161)):
        image = rng.integers(0, 256, (height, width, 3), np.uint8)
        ours, graph = (
            load_segmenter(name).logits(image),
            load_segmenter(f"onnx:{path}").logits(image),
        )
        torch.testing.assert_close(graph, ours, atol=1e-3, rtol=0)
