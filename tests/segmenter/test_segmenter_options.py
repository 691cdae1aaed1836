"""Which options each kind of model accepts. It refuses all others, also new ones."""

from dataclasses import dataclass

import numpy as np
import pytest
from torch import nn

from robustbench_seg.datasets import open_dataset
from robustbench_seg.errors import OptionError
from robustbench_seg.records.cards.model_forms import MODEL_FORMS
from robustbench_seg.records.specs.model_spec import ModelOptions
from robustbench_seg.segmenter import SegmenterOptions, load_named, load_segmenter, segmenter_of
from robustbench_seg.segmenter.adapters import adapter

SET = {
    "weights": {"weights": "none"},
    "name": {"name": "other"},
    "inference": {"inference": "whole"},
    "input_size": {"input_size": "8x8"},
    "augment": {"augment": "flip"},
    "adapt": {"adapt": "bn"},
    "adapt_images": {"adapt": "bn", "adapt_images": 8},
    "adapt_prior": {"adapt": "bn", "adapt_prior": 8.0},
    "device": {"device": "meta"},
    "precision": {"precision": "bf16"},
    "backend": {"backend": "onnxruntime"},
    "batch": {"batch": 2},
}
"""Maps each option to a value that is not its default, with the option that it needs."""

ADAPT = "adapt adapt_images adapt_prior"
NETWORK = f"name inference augment {ADAPT} device precision batch"
ACCEPTED = {
    "card": f"{NETWORK} weights backend",
    "hub card": f"{NETWORK} input_size",
    "hf": f"{NETWORK} input_size",
    "exported": "name inference augment device batch",
    "onnx": "name inference augment device batch",
    "tflite": "name inference augment batch",
    "python": "name batch",
    "predictions": "name batch",
    "module": NETWORK,
    "callable": "name batch",
}


def reds(image):
    return np.zeros(image.shape[:2], np.uint8)


reds.name = "reds"


def load(kind, options):
    """Load a model of a kind. A named one has no files, so it needs the fixture `loaded`."""
    if kind == "module":
        about = {"classes": ("a",), "mean": (0.5,) * 3, "std": (0.5,) * 3}
        network = nn.Sequential(nn.Conv2d(3, 1, 1), nn.BatchNorm2d(1)).eval()
        return segmenter_of(network, options, **about)
    if kind == "callable":
        return segmenter_of(reds, options, classes=("a",), version="1")
    models = {"card": "segformer-b0", "hub card": "eomt-l"}
    return load_named(models.get(kind, f"{kind}:there"), options)


@pytest.fixture
def loaded(monkeypatch):
    """Collects the options that reach the code that builds a named model."""
    seen = []

    def build(_, options, card=None):
        seen.append(options)
        raise FileNotFoundError

    monkeypatch.setattr("robustbench_seg.segmenter.loading.segmenters.load_card_segmenter", build)
    for prefix in MODEL_FORMS:
        monkeypatch.setattr(adapter(prefix), "load", build)
    return seen


def test_the_table_has_all_forms_and_all_options():
    assert ACCEPTED.keys() == {"card", "hub card", "module", "callable", *MODEL_FORMS}
    assert SET.keys() == ModelOptions.__annotations__.keys()


@pytest.mark.parametrize("kind", ACCEPTED)
@pytest.mark.parametrize("option", SET)
def test_a_model_gets_an_option_that_it_supports_and_refuses_others(loaded, kind, option):
    options = SegmenterOptions(**SET[option])
    if option in ACCEPTED[kind].split():
        try:
            assert load(kind, options).name.startswith(options.name or "")
        except FileNotFoundError:
            assert getattr(loaded[0], option) == getattr(options, option)
        return
    with pytest.raises(OptionError, match=rf": accepts only .*; leave out .*\b{option}$") as error:
        load(kind, options)
    assert "\n" not in str(error.value)
    assert not loaded


@pytest.mark.parametrize("kind", ACCEPTED)
def test_a_new_option_is_refused_until_a_kind_names_it(loaded, kind):
    @dataclass(frozen=True, kw_only=True)
    class Later(SegmenterOptions):
        sharpen: str | None = None

    with pytest.raises(OptionError, match=r": accepts only .*; leave out sharpen$"):
        load(kind, Later(sharpen="twice"))
    assert not loaded


def test_an_automatic_backend_asks_for_nothing():
    assert SegmenterOptions(backend="auto").given_beyond() == []
    assert load("callable", SegmenterOptions(backend="auto")).name == "reds"


def test_calibration_images_are_for_int8_only():
    data = open_dataset("minicity", split="train")
    with pytest.raises(OptionError, match=r"^calibration is for precision int8, not float32; "):
        load_segmenter("segformer-b0", weights="none", calibration=data)
    given = {"precision": "int8", "backend": "openvino", "calibration": data}
    with pytest.raises(OptionError, match=r"leave out precision, backend$"):
        load_segmenter("onnx:net.onnx", **given)


def test_the_error_names_the_model_and_what_it_supports():
    with pytest.raises(OptionError) as error:
        load_named("onnx:net.onnx", SegmenterOptions(weights="none", precision="bf16"))
    assert str(error.value) == (
        "onnx:net.onnx: accepts only the options name, inference, augment, device, batch; "
        "leave out weights, precision"
    )
