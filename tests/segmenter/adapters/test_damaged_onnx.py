"""Damaged graphs and graphs that answer something else: one line, or labels."""

import random
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from robustbench_seg.errors import RobustsegError
from robustbench_seg.segmenter import load_segmenter

SIDECAR = 'name = "g"\nclasses = {classes}\nmean = [0.5, 0.5, 0.5]\nstd = [0.2, 0.2, 0.2]\n{more}'
THREE, TWO = '["sky", "road", "car"]', '["other", "road"]'
IMAGE = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)
WEIGHTS = np.random.default_rng(1).normal(size=(3, 3, 1, 1)).astype(np.float32)
OPEN = ["b", "c", "h", "w"]


def write(
    folder, nodes, answer, kind=TensorProto.FLOAT, classes=THREE, more="", image=None, opset=17
):
    """A graph of x -> y, with a 1x1 convolution W at hand, and its sidecar."""
    image = image or helper.make_tensor_value_info("x", TensorProto.FLOAT, ["b", 3, "h", "w"])
    graph = helper.make_graph(
        nodes,
        "g",
        [image],
        [helper.make_tensor_value_info("y", kind, answer)],
        [numpy_helper.from_array(WEIGHTS, "W"), numpy_helper.from_array(WEIGHTS[:1], "W1")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8
    path = Path(folder) / "g.onnx"
    path.write_bytes(model.SerializeToString())
    path.with_suffix(".toml").write_text(SIDECAR.format(classes=classes, more=more))
    return path


def node(kind, *names, **attributes):
    *inputs, output = names
    return helper.make_node(kind, inputs, [output], **attributes)


LOGITS = [node("Conv", "x", "W", "y")]


def outcome(path):
    """None if the graph returns labels, else the error, which must be one line."""
    wrong = None
    try:
        labels = load_segmenter(f"onnx:{path}")(IMAGE)
    except RobustsegError as error:
        wrong = str(error)
    if wrong is not None:
        assert "g.onnx" in wrong or "g.toml" in wrong or wrong.startswith("g: its logits are NaN")
        assert "\n" not in wrong
        return wrong
    assert labels.shape == IMAGE.shape[:2]
    assert labels.max() < 3
    return None


def reference():
    pixels = (IMAGE / 255 - 0.5) / 0.2
    return np.einsum("kc,hwc->khw", WEIGHTS[:, :, 0, 0], pixels)


@pytest.mark.parametrize(("keep", "shape"), [(1, OPEN), (0, ["b", "h", "w"])])
def test_labels_are_accepted_as_labels(tmp_path, keep, shape):
    nodes = [node("Conv", "x", "W", "z"), node("ArgMax", "z", "y", axis=1, keepdims=keep)]
    path = write(tmp_path, nodes, shape, TensorProto.INT64)
    labels = load_segmenter(f"onnx:{path}")(IMAGE)
    assert (labels == reference().argmax(0)).mean() > 0.999
    path.with_suffix(".toml").write_text(SIDECAR.format(classes=TWO, more=""))
    assert "returns class indices 0 to 2, but 2 classes are named" in outcome(path)


def test_a_probability_is_compared_with_the_threshold_alone_if_there_is_one(tmp_path):
    nodes = [node("Conv", "x", "W1", "z"), node("Sigmoid", "z", "y")]
    path = write(tmp_path, nodes, OPEN, classes=TWO)
    assert "if it is the probability of the second class, give threshold there" in outcome(path)
    # A shape that is unknown before the graph runs.
    shape = [node("Shape", "q", "s"), node("Cast", "s", "f", to=TensorProto.FLOAT)]
    shape += [node("Cast", "f", "i", to=TensorProto.INT64), node("Reshape", "q", "i", "y")]
    hidden = [node("Conv", "x", "W1", "z"), node("Sigmoid", "z", "q"), *shape]
    wrong = outcome(write(tmp_path, hidden, OPEN, classes=TWO))
    assert "returns float32 1x1x40x56; expected float logits 1x2xhxw for the 2" in wrong
    assert "if it is the probability of the second class, give threshold in its TOML" in wrong
    plain = []
    for threshold in (0.5, 0.75):
        path = write(tmp_path, nodes, OPEN, classes=TWO, more=f"threshold = {threshold}")
        segmenter = load_segmenter(f"onnx:{path}")
        wanted = 1 / (1 + np.exp(-reference()[0])) > threshold
        assert (segmenter(IMAGE) == wanted).mean() > 0.999
        plain.append(segmenter.record)
    assert plain[0] != plain[1]
    path = write(tmp_path, nodes, OPEN, classes=THREE, more="threshold = 0.5")
    assert "a threshold separates two classes, but 3 are named" in outcome(path)


@pytest.mark.parametrize(
    ("nodes", "shape", "kind", "message"),
    [
        (
            [node("Conv", "x", "W1", "y")],
            OPEN,
            TensorProto.FLOAT,
            "the graph returns 1 classes, but 3 are named in g.toml: sky, road, car",
        ),
        ([node("Shape", "x", "y")], ["n"], TensorProto.INT64, "class indices as output;"),
        (
            [node("Conv", "x", "W", "z"), node("Greater", "z", "z", "y")],
            OPEN,
            TensorProto.BOOL,
            "logits 1xKxhxw or class indices as output;",
        ),
        (
            [node("Concat", "x", "x", "y", axis=0)],
            OPEN,
            TensorProto.FLOAT,
            "returns float32 2x3x40",
        ),
    ],
)
def test_another_answer_is_told(tmp_path, nodes, shape, kind, message):
    assert message in outcome(write(tmp_path, nodes, shape, kind))


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        (TensorProto.INT64, ["b", 3, "h", "w"]),
        (TensorProto.FLOAT, [3, "h", "w"]),
        (TensorProto.FLOAT, ["b", "h", "w", "c", "d"]),
        (TensorProto.FLOAT, [65, 3, "h", "w"]),
        (TensorProto.FLOAT, [1, 4, "h", "w"]),
        (TensorProto.FLOAT, [1, 3, 10**6, 64]),
        (TensorProto.STRING, ["b", 3, "h", "w"]),
    ],
)
def test_another_input_is_told(tmp_path, kind, shape):
    image = helper.make_tensor_value_info("x", kind, shape)
    assert "g.onnx" in outcome(
        write(tmp_path, [node("Identity", "x", "y")], None, kind, image=image)
    )


def test_another_opset_is_told(tmp_path):
    assert "not a graph that can be run" in outcome(write(tmp_path, LOGITS, OPEN, opset=999))


@pytest.mark.parametrize("seed", [*range(60), 1066])
def test_damaged_bytes_are_one_line(tmp_path, seed):
    path = write(tmp_path, LOGITS, OPEN)
    rng, data = random.Random(seed), bytearray(path.read_bytes())
    if seed % 3 == 0:
        data = data[: rng.randrange(len(data))]
    else:
        for _ in range(rng.choice((1, 1, 8))):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    outcome(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "git lfs pull"),
        ("<html>", "a web page instead of the file"),
        ("", "g.onnx: not a readable model file (empty)"),
    ],
)
def test_what_stands_for_a_graph_or_its_data_is_named(tmp_path, content, message):
    path = write(tmp_path, LOGITS, OPEN)
    model = onnx.load(str(path))
    path.write_text(content)
    assert message in outcome(path)
    onnx.save_model(
        model, str(path), save_as_external_data=True, location="g.onnx.data", size_threshold=0
    )
    assert outcome(path) is None
    (tmp_path / "g.onnx.data").write_text(content)
    assert message.replace("g.onnx", "g.onnx.data") in outcome(path)


@pytest.mark.parametrize(
    "name", ["../out.bin", "/etc/hostname", "", "a\0b", "a" * 5000, "gone", "."]
)
def test_external_data_lies_beside_the_graph(tmp_path, name):
    folder = tmp_path / "inside"
    folder.mkdir()
    (tmp_path / "out.bin").write_bytes(bytes(100))
    path = write(folder, LOGITS, OPEN)
    model = onnx.load(str(path))
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=name)
    path.write_bytes(model.SerializeToString())
    assert "which is not in the same folder" in outcome(path)


@pytest.mark.parametrize(
    ("names", "refused"),
    [
        ("{0: 'sky', 1: 'road', 2: 'car'}", False),
        ('["sky", "road", "car"]', False),
        ("{0: 'car', 1: 'road', 2: 'sky'}", True),
        ('{"0": "car", "1": "road", "2": "sky"}', True),
        ("whatever", False),
        ("[" * 10000, False),
        ("{1: 'a'}", False),
    ],
)
def test_names_in_the_graph_s_metadata_are_compared(tmp_path, names, refused):
    path = write(tmp_path, LOGITS, OPEN)
    model = onnx.load(str(path))
    model.metadata_props.add(key="names", value=names)
    path.write_bytes(model.SerializeToString())
    wrong = outcome(path)
    assert (wrong is not None) == refused
    assert (
        not refused
        or "the graph (names) name its classes car, road, sky, but g.toml names sky, road, car"
        in wrong
    )


def test_mean_and_std_of_levels_are_refused(tmp_path):
    path = write(tmp_path, LOGITS, OPEN)
    text = path.with_suffix(".toml").read_text()
    for old, new in (("mean = [0.5", "mean = [123.675"), ("std = [0.2", "std = [58.395")):
        path.with_suffix(".toml").write_text(text.replace(old, new))
        number = new.rpartition("[")[2]
        wrong = f"mean and std: {number} is not for RGB in 0..1; divide values for 0..255 by 255"
        assert wrong in outcome(path)


def test_swapped_height_and_width_are_told(tmp_path):
    nodes = [node("Conv", "x", "W", "z"), node("Transpose", "z", "y", perm=[0, 1, 3, 2])]
    wrong = outcome(write(tmp_path, nodes, OPEN))
    assert "returns 56x40 for an image of 40x56: height and width are swapped" in wrong


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("threshold = nan", "threshold = nan is out of range; give a finite number"),
        ("threshold = 'x'", "threshold: expected float"),
        ("input_size = [0, 4]", "input_size[0] = 0 is out of range; give 1 to 32768"),
        ("input_size = [4, 99999]", "input_size[1] = 99999 is out of range; give 1 to 32768"),
    ],
)
def test_absurd_sidecars_are_refused(tmp_path, more, message):
    assert message in outcome(write(tmp_path, LOGITS, OPEN, more=more))


def test_the_sidecar_is_in_the_identity(tmp_path):
    records = {repr(load_segmenter(f"onnx:{write(tmp_path, LOGITS, OPEN)}").record)}
    for more in ("input_size = [32, 32]", "align_corners = true"):
        path = write(tmp_path, LOGITS, OPEN, more=more)
        records.add(repr(load_segmenter(f"onnx:{path}").record))
    text = path.with_suffix(".toml").read_text().replace("mean = [0.5", "mean = [0.4")
    path.with_suffix(".toml").write_text(text)
    records.add(repr(load_segmenter(f"onnx:{path}").record))
    assert len(records) == 4
