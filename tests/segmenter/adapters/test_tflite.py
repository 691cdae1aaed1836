"""tflite: models of TensorFlow Lite, made in these tests."""

import random
import sys
import zipfile

import numpy as np
import pytest
import torch

from robustbench_seg.errors import RobustsegError
from robustbench_seg.files import digest_file
from robustbench_seg.segmenter import load_segmenter, why_no_confidence, why_no_gradient
from tests.segmenter.adapters.tflite_writer import argmax, constant, convolution, model, tensor

IMAGE = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)
WEIGHTS = np.random.default_rng(1).normal(size=(3, 1, 1, 3)).astype(np.float32)
MEAN = "mean = [0.5, 0.4, 0.3]\nstd = [0.2, 0.25, 0.3]"
PIXELS = (IMAGE / 255 - [0.5, 0.4, 0.3]) / [0.2, 0.25, 0.3]
FREE = (1, -1, -1, 3)
CONV = ("CONV_2D", ("x", "w", "b"), "y", convolution())
CONSTANTS = {"w": constant(WEIGHTS), "b": constant(np.zeros(3, np.float32))}


def write(folder, tensors, operators, outputs=("y",), more=MEAN):
    path = folder / "m.tflite"
    path.write_bytes(model(tensors, operators, outputs))
    if more is not None:
        text = f'name = "m"\nclasses = ["sky", "road", "car"]\n{more}\n'
        path.with_suffix(".toml").write_text(text)
    return path


def plain(folder, shape=FREE, more=MEAN):
    """A convolution of floats."""
    tensors = {"x": tensor("float32", shape), **CONSTANTS, "y": tensor("float32", shape)}
    return write(folder, tensors, [CONV], more=more)


def logits(pixels=PIXELS):
    """Of the convolution, 3xHxW, in float64."""
    return np.einsum("kc,hwc->khw", WEIGHTS[:, 0, 0].astype(np.float64), pixels)


def outcome(path):
    """None if the model returns labels, else the error, which must be one line."""
    wrong = None
    try:
        labels = load_segmenter(f"tflite:{path}")(IMAGE)
    except RobustsegError as error:
        wrong = str(error)
    if wrong is not None:
        assert "\n" not in wrong
        return wrong
    assert labels.shape == IMAGE.shape[:2]
    return None


def test_a_model_gives_its_labels(tmp_path):
    path = plain(tmp_path)
    segmenter = load_segmenter(f"tflite:{path}")
    np.testing.assert_allclose(segmenter.logits(IMAGE)[0].numpy(), logits(), rtol=1e-4, atol=2e-4)
    assert (segmenter(IMAGE) == logits().argmax(0)).all()
    assert segmenter(IMAGE[:7, :9]).shape == (7, 9), "another size after the first"
    assert (segmenter(IMAGE) == logits().argmax(0)).all()
    record, about = segmenter.record, segmenter.about
    assert (record.architecture, record.runtime, record.variant) == ("tflite", "litert", {})
    assert record.weights == digest_file(path)
    assert record.laws == {"tflite": 1, "inference": 1}
    assert (segmenter.name, about.location) == ("m", f"tflite:{path}")
    assert why_no_confidence(segmenter) is None
    assert "does not run in torch" in str(why_no_gradient(segmenter))


def test_one_size_is_read_from_the_model(tmp_path):
    segmenter = load_segmenter(f"tflite:{plain(tmp_path, (1, 20, 28, 3))}")
    assert segmenter.record.input_size == (20, 28)
    halves = torch.nn.functional.interpolate(
        torch.from_numpy(PIXELS).permute(2, 0, 1)[None].float(), (20, 28), mode="bilinear"
    )
    found = torch.nn.functional.interpolate(
        torch.from_numpy(logits(halves[0].permute(1, 2, 0).numpy()))[None],
        (40, 56),
        mode="bilinear",
    )
    np.testing.assert_allclose(segmenter.logits(IMAGE), found, rtol=1e-3, atol=1e-3)
    told = outcome(plain(tmp_path, (1, 20, 28, 3), MEAN + "\ninput_size = [40, 56]"))
    assert told.endswith("input_size is 40x56, but the graph takes 20x28")


@pytest.mark.parametrize(("kind", "zero"), [("int8", -7), ("uint8", 121)])
def test_integers_may_be_quantised_floats(tmp_path, kind, zero):
    """Of the image and of the answer; the scales are steps of both."""
    steps, levels = (0.03, 0.07), np.iinfo(kind)
    tensors = {
        "x": tensor(kind, FREE, steps[0], zero),
        "f": tensor("float32", FREE),
        **CONSTANTS,
        "z": tensor("float32", FREE),
        "y": tensor(kind, FREE, steps[1], zero),
    }
    operators = [
        ("DEQUANTIZE", ("x",), "f", None),
        ("CONV_2D", ("f", "w", "b"), "z", convolution()),
        ("QUANTIZE", ("z",), "y", None),
    ]

    def rounded(values, step):
        return ((values / step).round() + zero).clip(levels.min, levels.max) - zero

    wanted = logits(rounded(PIXELS, steps[0]) * steps[0])
    segmenter = load_segmenter(f"tflite:{write(tmp_path, tensors, operators)}")
    found = segmenter.logits(IMAGE)[0].numpy()
    expected = rounded(wanted, steps[1]) * steps[1]
    # A sum close to the middle between two levels may round to either.
    assert (np.abs(found - expected) > 1e-4).mean() < 1e-3
    assert (segmenter(IMAGE) == expected.argmax(0)).mean() > 0.999
    told = outcome(write(tmp_path, tensors, operators, more=""))
    assert "give mean and std of RGB in 0..1" in told


def test_bytes_go_in_as_they_are(tmp_path):
    tensors = {
        "x": tensor("uint8", FREE),
        "f": tensor("float32", FREE),
        **CONSTANTS,
        "y": tensor("float32", FREE),
    }
    operators = [("CAST", ("x",), "f", None), ("CONV_2D", ("f", "w", "b"), "y", convolution())]
    path = write(tmp_path, tensors, operators, more="")
    assert (load_segmenter(f"tflite:{path}")(IMAGE) == logits(IMAGE).argmax(0)).all()
    told = outcome(write(tmp_path, tensors, operators))
    assert "m.toml: the program takes uint8; leave out mean and std" in told


def test_class_indices_are_labels(tmp_path):
    tensors = {
        "x": tensor("float32", FREE),
        **CONSTANTS,
        "z": tensor("float32", FREE),
        "axis": constant(np.array(3, np.int32)),
        "y": tensor("int64", FREE[:3]),
    }
    operators = [
        ("CONV_2D", ("x", "w", "b"), "z", convolution()),
        ("ARG_MAX", ("z", "axis"), "y", argmax()),
    ]
    segmenter = load_segmenter(f"tflite:{write(tmp_path, tensors, operators)}")
    assert (segmenter(IMAGE) == logits().argmax(0)).all()
    assert why_no_confidence(segmenter) == "its graph returns labels"


def test_one_of_several_outputs_is_chosen_by_name(tmp_path):
    tensors = {
        "x": tensor("float32", FREE),
        **CONSTANTS,
        "y": tensor("float32", FREE),
        "aux": tensor("float32", FREE),
    }
    operators = [CONV, ("NEG", ("y",), "aux", None)]
    told = outcome(write(tmp_path, tensors, operators, ("aux", "y")))
    assert "2 of its outputs may be the answer: 'aux' float32 1x?x?x3, 'y' float32 1x?x?x3" in told
    for name, wanted in (("y", logits()), ("aux", -logits())):
        path = write(tmp_path, tensors, operators, ("aux", "y"), f'{MEAN}\noutput = "{name}"')
        assert (load_segmenter(f"tflite:{path}")(IMAGE) == wanted.argmax(0)).all()


def test_the_sidecar_to_fill_in_holds_what_the_model_says(tmp_path):
    path = plain(tmp_path, more=None)
    with pytest.raises(RobustsegError) as raised:
        load_segmenter(f"tflite:{path}")
    _, _, example = str(raised.value).partition("\n\n")
    assert example.splitlines()[0] == (
        "# the graph takes 'x' float32 1x?x?x3 and returns 'y' float32 1x?x?x3"
    )
    filled = example.replace('dataset = "cityscapes"', 'classes = ["sky", "road", "car"]')
    path.with_suffix(".toml").write_text(filled)
    assert outcome(path) is None


@pytest.mark.parametrize(
    ("lines", "refused"), [("sky\nroad\ncar\n", False), ("road\nsky\ncar", True), ("sky", True)]
)
def test_names_that_the_model_brings_are_compared(tmp_path, lines, refused):
    path = plain(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("labelmap.txt", lines)
        archive.writestr("readme.txt", "no names")
    told = outcome(path)
    assert (told is not None) == refused
    assert not refused or "the lines of labelmap.txt in it name its classes" in told


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "git lfs pull"),
        (b"", "m.tflite: not a readable model file (empty)"),
        (b"<html>", "a web page instead of the file"),
        (b"hello", "not a TensorFlow Lite model; convert the model to .tflite"),
        (b"\x1c\0\0\0TFL3" + bytes(100), "not a model that can be run ("),
    ],
)
def test_what_is_no_model_is_named(tmp_path, content, message):
    path = plain(tmp_path)
    path.write_bytes(content)
    assert message in outcome(path)


def test_another_number_of_classes_and_values_that_are_no_numbers_are_told(tmp_path):
    path = plain(tmp_path)
    text = path.with_suffix(".toml").read_text()
    path.with_suffix(".toml").write_text(text.replace('"car"]', '"car", "bus"]'))
    assert "the graph returns 3 classes, but 4 are named in m.toml" in outcome(path)
    broken = {
        "x": tensor("float32", FREE),
        "w": constant(np.full_like(WEIGHTS, np.nan)),
        "b": CONSTANTS["b"],
        "y": tensor("float32", FREE),
    }
    assert "its logits are NaN or infinite" in outcome(write(tmp_path, broken, [CONV]))


@pytest.mark.parametrize("seed", range(60))
def test_damaged_bytes_are_one_line(tmp_path, seed):
    path = plain(tmp_path)
    rng, data = random.Random(seed), bytearray(path.read_bytes())
    if seed % 3 == 0:
        data = data[: rng.randrange(len(data))]
    else:
        for _ in range(rng.choice((1, 1, 8))):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    outcome(path)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"precision": "bf16"}, "leave out precision"),
        ({"device": "cuda:0"}, "leave out device"),
        ({"weights": "none"}, "leave out weights"),
    ],
)
def test_what_a_model_cannot_do_is_refused(tmp_path, options, told):
    with pytest.raises(RobustsegError, match=told):
        load_segmenter(f"tflite:{plain(tmp_path)}", **options)


def test_without_litert_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    assert outcome(plain(tmp_path)).endswith(
        "LiteRT is not installed: pip install 'robustseg[tflite]'"
    )
