"""Graphs in ONNX as they come: other layouts, types, batches and outputs."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from robustbench_seg.errors import RobustsegError
from robustbench_seg.segmenter import load_segmenter, why_no_confidence

FLOAT, BYTE, LONG = TensorProto.FLOAT, TensorProto.UINT8, TensorProto.INT64
IMAGE = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)
WEIGHTS = np.random.default_rng(1).normal(size=(3, 3, 1, 1)).astype(np.float32)
MEAN = "mean = [0.5, 0.4, 0.3]\nstd = [0.2, 0.25, 0.3]"
NCHW, NHWC, OPEN = [1, 3, "h", "w"], [1, "h", "w", 3], ["b", "c", "h", "w"]


def value(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def node(kind, *names, **attributes):
    *inputs, output = names
    return helper.make_node(kind, inputs, [output], **attributes)


CONV = node("Conv", "x", "W", "y")


def write(folder, nodes, image, outputs, more=MEAN, constants=()):
    tensors = [("W", WEIGHTS), ("last", np.array(3, np.int64)), *constants]
    graph = helper.make_graph(
        nodes, "g", [image], outputs, [numpy_helper.from_array(t, n) for n, t in tensors]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    path = folder / "g.onnx"
    path.write_bytes(model.SerializeToString())
    if more is not None:
        text = f'name = "g"\nclasses = ["sky", "road", "car"]\n{more}\n'
        path.with_suffix(".toml").write_text(text)
    return path


def logits(pixels=None):
    """Of the convolution, 3xHxW, in float64."""
    if pixels is None:
        pixels = (IMAGE / 255 - [0.5, 0.4, 0.3]) / [0.2, 0.25, 0.3]
    return np.einsum("kc,hwc->khw", WEIGHTS[:, :, 0, 0].astype(np.float64), pixels)


def assert_answers(path, wanted):
    segmenter = load_segmenter(f"onnx:{path}")
    np.testing.assert_allclose(segmenter.logits(IMAGE)[0].numpy(), wanted, rtol=1e-4, atol=2e-4)
    assert (segmenter(IMAGE) != wanted.argmax(0)).sum() == 0
    return segmenter


def message(path):
    with pytest.raises(RobustsegError) as raised:
        load_segmenter(f"onnx:{path}")(IMAGE)
    assert "\n" not in str(raised.value)
    return str(raised.value)


TO_NCHW = node("Transpose", "x", "x1", perm=[0, 3, 1, 2])


def channels_last(shape_in, shape_out):
    nodes = [TO_NCHW, node("Conv", "x1", "W", "z"), node("Transpose", "z", "y", perm=[0, 2, 3, 1])]
    return nodes, value("x", FLOAT, shape_in), [value("y", FLOAT, shape_out)]


def test_channels_last_as_the_graph_declares_them(tmp_path):
    segmenter = assert_answers(write(tmp_path, *channels_last(NHWC, NHWC)), logits())
    assert segmenter.record.variant == {}
    size = [1, 40, 56, 3]
    assert assert_answers(write(tmp_path, *channels_last(size, size)), logits()).record == (
        load_segmenter(f"onnx:{tmp_path / 'g.onnx'}").record
    )
    assert load_segmenter(f"onnx:{tmp_path / 'g.onnx'}").record.input_size == (40, 56)


def hidden(name, to):
    """A copy; its shape is only known when it runs."""
    return [
        node("Shape", name, "s"),
        node("Cast", "s", "f", to=FLOAT),
        node("Cast", "f", "i", to=LONG),
        node("Reshape", name, "i", to),
    ]


def test_channels_last_as_the_sidecar_says(tmp_path):
    nodes, image, _ = channels_last(OPEN, OPEN)
    nodes = [*nodes[:-1], node("Transpose", "z", "t", perm=[0, 2, 3, 1]), *hidden("t", "y")]
    graph = nodes, image, [value("y", FLOAT, OPEN)]
    layout = '\nlayout = "NHWC"'
    path = write(tmp_path, *graph, MEAN + layout)
    assert message(path) == (
        f"onnx:{path}: returns float32 1x40x56x3; expected float logits 1x3xhxw for the 3 named "
        "classes, or integer class indices 1xhxw; if the classes are on the last axis, give "
        'output_layout = "NHWC" there'
    )
    path = write(tmp_path, *graph, MEAN + layout + '\noutput_layout = "NHWC"')
    segmenter = assert_answers(path, logits())
    assert segmenter.record.variant == {"layout": "NHWC", "output_layout": "NHWC"}


def test_bytes_go_in_as_they_are(tmp_path):
    nodes = [node("Cast", "x", "c", to=FLOAT), node("Conv", "c", "W", "y")]
    graph = nodes, value("x", BYTE, NCHW), [value("y", FLOAT, NCHW)]
    segmenter = assert_answers(write(tmp_path, *graph, ""), logits(IMAGE.astype(float)))
    assert segmenter.record.preprocessing.std == (1 / 255,) * 3
    assert "g.toml: the program takes uint8; leave out mean and std" in message(
        write(tmp_path, *graph)
    )
    graph = [CONV], value("x", FLOAT, NCHW), [value("y", FLOAT, NCHW)]
    assert "g.toml: the program takes floats; give mean and std" in message(
        write(tmp_path, *graph, "")
    )
    levels = "mean = [0, 0, 0]\nstd = [0.00392157, 0.00392157, 0.00392157]"
    assert_answers(write(tmp_path, *graph, levels), logits(IMAGE / 255 / 0.00392157))


def test_blue_may_come_first(tmp_path):
    graph = [CONV], value("x", FLOAT, NCHW), [value("y", FLOAT, NCHW)]
    pixels = (IMAGE / 255 - [0.5, 0.4, 0.3]) / [0.2, 0.25, 0.3]
    segmenter = assert_answers(
        write(tmp_path, *graph, MEAN + '\nchannels = "BGR"'), logits(pixels[..., ::-1])
    )
    assert segmenter.record.variant == {"channels": "BGR"}


def test_a_batch_that_the_graph_insists_on(tmp_path):
    nodes = [CONV]
    shape = [4, 3, 16, 16]
    sliding = MEAN + '\n[inference]\nmode = "slide"\ncrop = 16\nstride = 12'
    path = write(tmp_path, nodes, value("x", FLOAT, shape), [value("y", FLOAT, shape)], sliding)
    assert_answers(path, logits())
    path = write(tmp_path, nodes, value("x", FLOAT, shape), [value("y", FLOAT, shape)])
    assert load_segmenter(f"onnx:{path}")(IMAGE).shape == IMAGE.shape[:2]


@pytest.mark.parametrize("last", [False, True])
def test_labels_of_floats_are_said_to_be_labels(tmp_path, last):
    nodes = [node("Conv", "x", "W", "z"), node("ArgMax", "z", "a", axis=1, keepdims=int(last))]
    if last:
        nodes += [node("Transpose", "a", "t", perm=[0, 2, 3, 1]), node("Cast", "t", "y", to=FLOAT)]
    else:
        nodes.append(node("Cast", "a", "y", to=FLOAT))
    shape = [1, "h", "w", 1] if last else [1, "h", "w"]
    graph = nodes, value("x", FLOAT, NCHW), [value("y", FLOAT, shape)]
    path = write(tmp_path, *graph, MEAN + '\nanswer = "labels"')
    segmenter = load_segmenter(f"onnx:{path}")
    assert (segmenter(IMAGE) == logits().argmax(0)).all()
    assert why_no_confidence(segmenter) == "its graph returns labels"
    told = message(write(tmp_path, *graph))
    hint = 'if its floats are class indices, give answer = "labels" in its TOML file'
    assert (
        "returns float32 1x40x56x1; expected float logits" in told if last else told.endswith(hint)
    )
    fractions = [node("Conv", "x", "W", "z"), node("ReduceMax", "z", "y", axes=[1], keepdims=1)]
    path = write(
        tmp_path,
        fractions,
        value("x", FLOAT, NCHW),
        [value("y", FLOAT, [1, 1, "h", "w"])],
        MEAN + '\nanswer = "labels"',
    )
    assert "returns float32 1x1x40x56; " in message(path)


def test_one_of_several_outputs_is_chosen_by_name(tmp_path):
    nodes = [CONV, node("Neg", "y", "aux"), node("ReduceMean", "y", "mean", keepdims=1)]
    outputs = [value("mean", FLOAT, [1, 1, 1, 1]), value("aux", FLOAT, NCHW)]
    outputs.append(value("y", FLOAT, NCHW))
    image = value("x", FLOAT, NCHW)
    path = write(tmp_path, nodes, image, outputs)
    assert message(path) == (
        f"onnx:{path}: 2 of its outputs may be the answer: 'aux' float32 1x3xhxw, 'y' "
        'float32 1x3xhxw; choose one in its TOML file, such as output = "aux"'
    )
    assert_answers(write(tmp_path, nodes, image, outputs, MEAN + '\noutput = "y"'), logits())
    assert_answers(write(tmp_path, nodes, image, outputs, MEAN + '\noutput = "aux"'), -logits())
    wrong = message(write(tmp_path, nodes, image, outputs, MEAN + '\noutput = "yy"'))
    assert "unknown output 'yy'" in wrong
    # If only one output can be the answer, it needs no name.
    assert_answers(write(tmp_path, nodes, image, outputs[::2]), logits())


def test_int8_with_quantised_weights_and_activations(tmp_path):
    scale = np.float32(np.abs(WEIGHTS).max() / 127)
    small = np.clip(np.round(WEIGHTS / scale), -127, 127).astype(np.int8)
    constants = [
        ("q", small),
        ("qs", scale),
        ("qz", np.array(0, np.int8)),
        ("as", np.float32(0.03)),
        ("az", np.array(128, np.uint8)),
    ]
    nodes = [
        node("QuantizeLinear", "x", "as", "az", "xq"),
        node("DequantizeLinear", "xq", "as", "az", "xd"),
        node("DequantizeLinear", "q", "qs", "qz", "wd"),
        node("Conv", "xd", "wd", "y"),
    ]
    path = write(
        tmp_path,
        nodes,
        value("x", FLOAT, NCHW),
        [value("y", FLOAT, NCHW)],
        constants=constants,
    )
    pixels = (IMAGE / 255 - [0.5, 0.4, 0.3]) / [0.2, 0.25, 0.3]
    levels = np.clip(np.round(pixels / 0.03) + 128, 0, 255) - 128
    weights = small[:, :, 0, 0].astype(float) * scale
    wanted = np.einsum("kc,hwc->khw", weights, levels * 0.03)
    labels = load_segmenter(f"onnx:{path}")(IMAGE)
    assert (labels == wanted.argmax(0)).mean() > 0.99


def test_the_sidecar_to_fill_in_holds_what_the_graph_says(tmp_path):
    nodes = [node("Cast", "x", "c", to=FLOAT), node("Conv", "c", "W", "y"), node("Neg", "y", "aux")]
    outputs = [value("y", FLOAT, NCHW), value("aux", FLOAT, NCHW)]
    path = write(tmp_path, nodes, value("x", BYTE, NCHW), outputs, None)
    with pytest.raises(RobustsegError) as raised:
        load_segmenter(f"onnx:{path}")
    _, _, example = str(raised.value).partition("\n\n")
    assert example.splitlines()[0] == (
        "# the graph takes 'x' uint8 1x3xhxw and returns 'y' float32 1x3xhxw, 'aux' float32 1x3xhxw"
    )
    assert 'output = "y"' in example
    assert "mean =" not in example
    filled = example.replace('dataset = "cityscapes"', 'classes = ["sky", "road", "car"]')
    path.with_suffix(".toml").write_text(filled)
    assert_answers(path, logits(IMAGE.astype(float)))
    onnx.checker.check_model(onnx.load(str(path)))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("mean = [0, 0, 0]", "give both mean and std, or neither"),
        (
            MEAN + '\nanswer = "labels"\nthreshold = 0.5',
            "threshold: class indices need no threshold",
        ),
        (MEAN + '\nlayout = "HWC"', "layout"),
        (MEAN + '\nanswer = "logit"', "answer"),
    ],
)
def test_a_sidecar_that_contradicts_itself_is_refused(tmp_path, more, told):
    graph = [CONV], value("x", FLOAT, NCHW), [value("y", FLOAT, NCHW)]
    assert told in message(write(tmp_path, *graph, more))
