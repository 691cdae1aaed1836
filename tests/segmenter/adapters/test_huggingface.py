"""hf: models, saved by transformers in these tests."""

import copy
import json

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import SegformerConfig, SegformerForSemanticSegmentation

from robustbench_seg.errors import ModelError, OptionError
from robustbench_seg.segmenter import load_segmenter

CLASSES = ("sky", "road", "traffic light")
PROCESSOR = {"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.25, 0.3], "do_normalize": True}


@pytest.fixture(scope="module")
def reference():
    torch.manual_seed(0)
    config = SegformerConfig(
        depths=[1, 1, 1, 1],
        hidden_sizes=[8, 16, 24, 32],
        num_attention_heads=[1, 1, 1, 2],
        decoder_hidden_size=16,
        id2label={0: "Sky", 1: "road ", 2: "traffic_light"},
        label2id={"Sky": 0, "road ": 1, "traffic_light": 2},
    )
    network = SegformerForSemanticSegmentation(config).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape))
    return network


@pytest.fixture
def folder(tmp_path, reference):
    reference.save_pretrained(tmp_path / "mine")
    (tmp_path / "mine" / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    return tmp_path / "mine"


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(0, 256, (67, 90, 3), np.uint8)


def logits_of(reference, image):
    mean, std = (
        torch.tensor(PROCESSOR[k]).reshape(1, 3, 1, 1) for k in ("image_mean", "image_std")
    )
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None] / 255
    with torch.inference_mode():
        logits = reference((pixels - mean) / std).logits
        return torch.nn.functional.interpolate(logits, (67, 90), mode="bilinear")


def test_a_folder_of_transformers_gives_its_labels(folder, reference, image):
    segmenter = load_segmenter(f"hf:{folder}", classes=CLASSES)
    wanted = logits_of(reference, image)
    assert wanted.argmax(1).unique().numel() > 1
    torch.testing.assert_close(segmenter.logits(image), wanted, atol=1e-5, rtol=0)
    assert (segmenter(image) == wanted.argmax(1)[0].numpy()).mean() > 0.999
    assert segmenter.name == "mine"
    assert segmenter.classes == CLASSES
    # Classes of another dataset do not change, so that evaluate can refuse them.
    assert load_segmenter(f"hf:{folder}", classes=("a",)).classes[0] == "Sky"


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_weights_in_half_precision_are_run_in_float32(folder, reference, image, kind):
    halved = copy.deepcopy(reference).to(kind)
    halved.save_pretrained(folder)
    wanted = logits_of(halved.float(), image)
    torch.testing.assert_close(load_segmenter(f"hf:{folder}").logits(image), wanted)


def test_what_changes_its_labels_is_in_the_record(folder):
    segmenter = load_segmenter(f"hf:{folder}")
    record = segmenter.record
    assert record.architecture == "SegformerForSemanticSegmentation"
    assert (record.runtime, record.laws) == ("transformers", {"huggingface": 1, "inference": 1})
    assert segmenter.about.libraries == {"transformers": transformers.__version__}
    assert segmenter.about.location == f"hf:{folder}"
    slid = load_segmenter(f"hf:{folder}", inference="slide", precision="bf16").record
    assert slid.inference.crop == 1024
    assert slid.precision == "bf16"
    assert slid.weights == record.weights
    with open(folder / "config.json", "a") as file:
        file.write("\n")
    assert load_segmenter(f"hf:{folder}").record.config != record.config


@pytest.mark.parametrize(
    ("said", "levels"),
    [
        ({"do_normalize": False}, lambda x: x / 255),
        ({"rescale_factor": 1 / 127.5}, lambda x: (x / 127.5 - 0.5) / 0.25),
        ({"do_rescale": False}, lambda x: (x - 0.5) / 0.25),
    ],
)
def test_every_normalisation_is_taken_from_the_processor(folder, said, levels):
    content = {"image_mean": [0.5] * 3, "image_std": [0.25] * 3, **said}
    (folder / "preprocessor_config.json").write_text(json.dumps(content))
    given = load_segmenter(f"hf:{folder}").record.preprocessing
    for level in (0, 200):
        ours = (level / 255 - given.mean[0]) / given.std[0]
        assert ours == pytest.approx(levels(level))


def test_the_mean_of_levels_is_warned_of(folder, caplog):
    load_segmenter(f"hf:{folder}")
    assert not caplog.messages
    content = {"image_mean": [123.675, 116.28, 103.53], "image_std": [58.395, 57.12, 57.375]}
    (folder / "preprocessor_config.json").write_text(json.dumps({**content, "do_rescale": False}))
    load_segmenter(f"hf:{folder}")
    assert not caplog.messages, "transformers leaves the levels as they are"
    (folder / "preprocessor_config.json").write_text(json.dumps(content))
    load_segmenter(f"hf:{folder}")
    assert "normalises RGB in 0..1 with 123.675, which looks like" in caplog.text


def test_what_is_no_folder_is_not_looked_for_on_the_hub(tmp_path):
    (tmp_path / "file").write_text("a")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("file", "loop"):
        with pytest.raises(ModelError, match=f"hf:.*{name}: not a folder; give a folder that"):
            load_segmenter(f"hf:{tmp_path / name}")


def drop_processor(folder):
    (folder / "preprocessor_config.json").unlink()
    return (
        "it has no preprocessor_config.json, which contains the normalisation of images; write "
        'the file with the values of the training, such as {"image_mean": [0.485, 0.456, 0.406], '
        '"image_std": [0.229, 0.224, 0.225]}, or copy the file of the model that the '
        "training started"
    )


def flip(folder):
    flipped = json.dumps({**PROCESSOR, "do_flip_channel_order": True})
    (folder / "preprocessor_config.json").write_text(flipped)
    return "swaps red and blue, and it is unclear whether image_mean begins with red or blue"


def no_mean(folder):
    (folder / "preprocessor_config.json").write_text("{}")
    return "preprocessor_config.json lacks image_mean and image_std"


def not_a_number(folder):
    path = folder / "model.safetensors"
    tensors = load_file(path)
    tensors["decode_head.classifier.bias"][0] = float("nan")
    save_file(tensors, path, {"format": "pt"})
    return (
        f"hf:{folder}: NaN or infinite values in its weights, first in "
        "decode_head.classifier.bias; download the model again"
    )


def nameless(folder):
    config = json.loads((folder / "config.json").read_text())
    del config["id2label"], config["label2id"]
    (folder / "config.json").write_text(json.dumps({**config, "num_labels": 3}))
    return "its 3 classes have no names; write them into id2label of its config.json"


def another_kind(folder):
    (folder / "config.json").write_text('{"model_type": "gpt2"}')
    return "transformers cannot load it as a semantic segmentation model"


def another_depth(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "depths": [1, 1, 1, 2]}))
    return "tensors of the model are not in its weight file, such as "


@pytest.mark.parametrize(
    "spoil", [drop_processor, flip, no_mean, not_a_number, nameless, another_kind, another_depth]
)
def test_what_is_wrong_with_it_is_said_in_one_line(folder, spoil):
    wanted = spoil(folder)
    with pytest.raises(ModelError) as raised:
        load_segmenter(f"hf:{folder}")
    assert str(raised.value).startswith(f"hf:{folder}: ")
    assert wanted in str(raised.value)
    assert "\n" not in str(raised.value)


def test_code_in_a_folder_never_runs(folder, tmp_path):
    """Without an answer transformers asks at the terminal, and runs the code on a 'y'."""
    ran = tmp_path / "ran"
    (folder / "own.py").write_text(f"open({str(ran)!r}, 'w')\nclass Own: pass\nclass Net: pass\n")
    path = folder / "config.json"
    auto = {"AutoConfig": "own.Own", "AutoModelForSemanticSegmentation": "own.Net"}
    settings = json.loads(path.read_text()) | {"model_type": "own", "auto_map": auto}
    path.write_text(json.dumps(settings))
    with pytest.raises(ModelError) as raised:
        load_segmenter(f"hf:{folder}", classes=CLASSES)
    assert str(raised.value).startswith(f"hf:{folder}: ")
    assert not ran.exists()


def test_it_brings_its_own_weights(folder):
    with pytest.raises(OptionError, match=r"accepts only .*; leave out weights"):
        load_segmenter(f"hf:{folder}", weights="none")


def test_a_revision_is_the_hub_s_though_a_folder_has_the_id_s_name(folder, monkeypatch, caplog):
    asked = []

    def fetch(repository, revision, *names):
        asked.append((repository, revision))
        return folder

    monkeypatch.chdir(folder.parent)
    files = "robustbench_seg.segmenter.adapters.transformers.model_files."
    monkeypatch.setattr(f"{files}fetch_hub_folder", fetch)
    monkeypatch.setattr(f"{files}fetch_hub_weights", lambda *_: folder / "model.safetensors")
    load_segmenter("hf:mine", classes=CLASSES)
    assert (asked, caplog.messages) == ([], [])
    load_segmenter("hf:mine@v2", classes=CLASSES)
    assert asked == [("mine", "v2")]
    assert caplog.messages == [
        "hf:mine@v2: revision v2 of the hub is used, not the folder mine; leave out @v2 "
        "to use the folder"
    ]
