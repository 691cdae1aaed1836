import json
import shutil
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pytest
import torch

import robustbench_seg as rs
from robustbench_seg.codec import from_table, to_table
from robustbench_seg.datasets import class_names
from robustbench_seg.errors import CardError, ModelError, OptionError, WeightsError
from robustbench_seg.files import digest_file
from robustbench_seg.records.values.preprocessing import Inference, Preprocessing, Resize
from robustbench_seg.segmenter import SegmenterOptions, load_model, load_segmenter, segmenter_of
from robustbench_seg.weights import save_weights

CARD = """
architecture = "segformer"
variant = {{ size = "b0" }}
dataset = "{dataset}"
classes = {classes}
[weights]
source = "file"
location = "weights.safetensors"
[preprocessing]
mean = [0.4, 0.5, 0.6]
std = [0.2, 0.25, 0.3]
[inference]
mode = "whole"
"""


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    """A trained model as `robustseg train` leaves it: a card and its weights, 11 classes."""
    folder = tmp_path_factory.mktemp("trained")
    network = load_model("segformer-b0", weights="none", num_classes=11)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.01 * torch.randn(parameter.shape, generator=torch.manual_seed(1)))
    save_weights(folder / "weights.safetensors", network.state_dict(), {"num_classes": "11"})
    (folder / "mine.toml").write_text(CARD.format(dataset="camvid", classes=11))
    return folder / "mine.toml", network


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(0, 256, (67, 90, 3), np.uint8)


def test_a_segmenter_is_card_network_and_preprocessing(card, image):
    path, network = card
    segmenter = load_segmenter(path)
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None] / 255
    mean = torch.tensor([0.4, 0.5, 0.6]).reshape(1, 3, 1, 1)
    std = torch.tensor([0.2, 0.25, 0.3]).reshape(1, 3, 1, 1)
    with torch.inference_mode():
        logits = torch.nn.functional.interpolate(
            network((pixels - mean) / std), (67, 90), mode="bilinear", align_corners=False
        )
    torch.testing.assert_close(segmenter.logits(image), logits, atol=1e-4, rtol=0)
    labels = segmenter(image)
    assert labels.dtype == np.uint8
    assert labels.shape == (67, 90)
    assert (labels == logits.argmax(1)[0].numpy()).mean() > 0.999
    assert segmenter.name == "mine"
    assert segmenter.classes == class_names("camvid")


def test_the_record_holds_what_changes_a_label(card):
    path, _ = card
    segmenter = load_segmenter(path)
    record = segmenter.record
    assert (record.architecture, record.variant) == ("segformer", {"size": "b0"})
    assert record.preprocessing == Preprocessing((0.4, 0.5, 0.6), (0.2, 0.25, 0.3))
    assert record.inference == Inference("whole")
    assert (record.precision, record.runtime) == ("float32", "torch")
    assert record.weights == digest_file(path.with_name("weights.safetensors"))
    assert record.laws == {"inference": 1, "folding": 1}
    about = segmenter.about
    assert (about.card, about.weights_file) == ("mine", "weights.safetensors")
    assert about.params == sum(p.numel() for p in load_model(path).parameters())
    assert about.device == "cpu"
    other = load_segmenter(path, inference="slide", precision="bf16", name="renamed")
    assert other.record == replace(
        record, inference=Inference("slide", 1024, 768), precision="bf16"
    )
    assert other.name == "renamed"
    for value in (record, other.record, about):
        assert from_table(type(value), json.loads(json.dumps(to_table(value))), "") == value


def test_threads_are_no_part_of_it(card):
    path, _ = card
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(before + 1)
        more = load_segmenter(path).record
    finally:
        torch.set_num_threads(before)
    assert load_segmenter(path).record == more


def test_a_network_on_a_grid_says_so_in_its_record():
    there = load_segmenter("deeplabv3plus-x65-tf", weights="none")
    assert there.record.grid == 16
    assert load_segmenter("segformer-b0", weights="none").record.grid is None


def test_the_classes_named_in_the_file_count(card, tmp_path):
    _, network = card
    names = [f"class {k}" for k in range(11)]
    metadata = {"num_classes": "11", "classes": json.dumps(names)}
    save_weights(tmp_path / "weights.safetensors", network.state_dict(), metadata)
    (tmp_path / "own.toml").write_text(CARD.format(dataset="quarry", classes=11))
    assert load_segmenter(tmp_path / "own.toml").classes == tuple(names)


def test_a_card_names_the_classes_of_a_dataset_of_ones_own(card, tmp_path):
    path, _ = card
    names = [f"class {i}" for i in range(11)]
    text = path.read_text().replace('dataset = "camvid"', 'dataset = "quarry"')
    shutil.copy(path.parent / "weights.safetensors", tmp_path)
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(ModelError, match=r"mine: unknown dataset 'quarry'.*or give class_names in"):
        load_segmenter(tmp_path / "mine.toml")
    named = text.replace("classes = 11", f"classes = 11\nclass_names = {json.dumps(names)}")
    (tmp_path / "mine.toml").write_text(named)
    assert load_segmenter(tmp_path / "mine.toml").classes == tuple(names)
    (tmp_path / "mine.toml").write_text(named.replace('"class 0", ', ""))
    with pytest.raises(CardError, match="class_names: expected 11 names, got 10"):
        load_segmenter(tmp_path / "mine.toml")


def test_weights_of_other_classes_than_the_card_s_are_refused(card):
    path, _ = card
    file = path.parent / "weights.safetensors"
    with pytest.raises(ModelError) as error:
        load_segmenter("segformer-b0", weights=file)
    assert str(error.value) == (
        f"{file} predicts 11 classes, but segformer-b0 is a card for cityscapes, which has 19: "
        f"{', '.join(class_names('cityscapes'))}; choose the card that the file belongs to "
        "(robustseg models)"
    )
    assert load_model("segformer-b0", weights=file).decode_head.linear_pred.out_channels == 11


def test_a_card_may_ask_for_another_size_than_the_image_s(card, image):
    path, _ = card
    resized = path.with_name("resized.toml")
    resized.write_text(path.read_text() + "[resize]\nshort = 96\nlong = 512\nmultiple = 32\n")
    segmenter, plain = load_segmenter(resized), load_segmenter(path)
    # 67x90 scaled to fit 96x512 is 96x129, which is then scaled to 96x160.
    fitted = cv2.resize(image, (129, 96), interpolation=cv2.INTER_LINEAR)
    scaled = cv2.resize(fitted, (160, 96), interpolation=cv2.INTER_LINEAR)
    logits = torch.nn.functional.interpolate(
        plain.logits(scaled), (67, 90), mode="bilinear", align_corners=False
    )
    labels = segmenter(image)
    assert labels.shape == (67, 90)
    assert (labels == logits.argmax(1)[0].numpy()).all()
    assert (labels != plain(image)).any()
    assert segmenter.record == replace(
        plain.record, resize=Resize(96, 512, 32), laws={**plain.record.laws, "resize": 2}
    )


def test_untrained_weights_are_the_same_each_time_and_leave_the_generator_alone():
    torch.manual_seed(5)
    first = load_model("segformer-b0", weights="none", num_classes=3)
    drawn = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(torch.rand(1), drawn)
    second = load_model("segformer-b0", weights="none", num_classes=3)
    for one, two in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        assert torch.equal(one, two)


def test_untrained_segmenters_take_the_classes_they_are_given():
    segmenter = load_segmenter("segformer-b0", weights="none", classes=("a", "b"))
    assert segmenter.classes == ("a", "b")
    assert segmenter.record.weights == "none"
    assert segmenter.name == "segformer-b0-untrained"
    assert load_segmenter("segformer-b0", weights="none", name="x").name == "x-untrained"
    assert segmenter(np.zeros((32, 32, 3), np.uint8)).max() <= 1


def test_load_model_gives_logits_at_a_quarter():
    network = rs.load_model("segformer-b0", weights="none")
    with torch.inference_mode():
        assert network(torch.zeros(2, 3, 64, 96)).shape == (2, 19, 16, 24)
    assert not network.training


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: load_segmenter("deeplabv3plus-mobilenetv2"),
            WeightsError,
            "deeplabv3plus-mobilenetv2: no weights are published; train some with robustseg train "
            "--model deeplabv3plus-mobilenetv2, give a file as weights",
        ),
        (
            lambda: load_segmenter("segformer-b0", weights="none", precision="fp8"),
            OptionError,
            "unknown precision 'fp8'",
        ),
        (
            lambda: load_segmenter("segformer-b0", weights="none", device="gpu"),
            OptionError,
            "device 'gpu': ",
        ),
        (
            lambda: load_segmenter("onnx:"),
            ModelError,
            "onnx:: there is nothing after the colon; give a file",
        ),
        (lambda: load_segmenter("segformer-b6"), ModelError, "unknown model 'segformer-b6'; did"),
        (
            lambda: load_segmenter("segformer-b0", devise="cuda"),
            OptionError,
            "unknown option of load_segmenter 'devise'; did you mean 'device'",
        ),
        (
            lambda: load_segmenter("segformer-b0", mean=(0.5, 0.5, 0.5)),
            OptionError,
            "segformer-b0: mean is for models that are objects; leave it out",
        ),
        (
            lambda: load_segmenter(len, weights="none"),
            OptionError,
            "len: accepts only the options name, batch; leave out weights",
        ),
        (
            lambda: load_segmenter(len, backend="openvino", name="length"),
            OptionError,
            "length: accepts only the options name, batch; leave out backend",
        ),
    ],
)
def test_what_cannot_be_loaded_is_said_in_one_line(call, kind, message):
    with pytest.raises(kind) as error:
        call()
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_a_loaded_segmenter_takes_no_further_options():
    segmenter = load_segmenter("segformer-b0", weights="none")
    assert segmenter_of(segmenter, SegmenterOptions(classes=("a",), batch=4)) is segmenter
    with pytest.raises(ModelError, match=r"is already loaded; give inference and version to load_"):
        segmenter_of(segmenter, SegmenterOptions(inference="slide"), version="2")


def other_order(tmp_path, **beside):
    """Weights of a training with classes in alphabetical order."""
    names = class_names("cityscapes")
    order = [names.index(name) for name in sorted(names)]
    state = dict(load_model("segformer-b0-minicity").state_dict())
    for part in ("weight", "bias"):
        state[f"decode_head.linear_pred.{part}"] = state[f"decode_head.linear_pred.{part}"][order]
    torch.save({"state_dict": state, **beside}, tmp_path / "pytorch_model.bin")
    return tmp_path / "pytorch_model.bin"


@pytest.mark.parametrize(
    "beside",
    [
        {"meta": {"CLASSES": tuple(sorted(class_names("cityscapes")))}},
        {"meta": {"dataset_meta": {"classes": sorted(class_names("cityscapes"))}}},
    ],
)
def test_the_class_names_in_a_checkpoint_are_the_models(tmp_path, beside):
    file = other_order(tmp_path, **beside)
    segmenter = load_segmenter("segformer-b0-minicity", weights=file)
    assert segmenter.classes == tuple(sorted(class_names("cityscapes")))
    with pytest.raises(ModelError, match="choose a model trained on this dataset's classes"):
        rs.evaluate(model=segmenter, dataset="minicity", limit=1, out=tmp_path / "runs")


def test_the_class_names_in_the_configuration_beside_a_checkpoint_are_the_models(tmp_path):
    file = other_order(tmp_path)
    load = partial(load_segmenter, "segformer-b0-minicity", weights=tmp_path)
    names = sorted(class_names("cityscapes"))
    config = file.with_name("config.json")
    assert load().classes == class_names("cityscapes")  # nothing contradicts it
    config.write_text(json.dumps({"id2label": dict(enumerate(names))}))
    assert load().classes == tuple(names)
    spelled = [name.title() for name in class_names("cityscapes")]
    config.write_text(json.dumps({"id2label": dict(enumerate(spelled))}))
    assert load(classes=class_names("cityscapes")).classes == class_names("cityscapes")
    assert load().classes == tuple(spelled)
    for nothing in ({"id2label": {n: f"LABEL_{n}" for n in range(19)}}, {}, [], {"id2label": 3}):
        config.write_text(json.dumps(nothing))
        assert load().classes == class_names("cityscapes")
