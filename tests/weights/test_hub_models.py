"""Models of the hub end to end: every file comes from a server on this machine."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from huggingface_hub import constants
from transformers import SegformerConfig, SegformerForSemanticSegmentation

from robustbench_seg.datasets import class_names
from robustbench_seg.errors import ModelError, WeightsError
from robustbench_seg.segmenter import load_model, load_segmenter
from robustbench_seg.weights import save_weights

REPOSITORY = "someone/town"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
CLASSES = ("sky", "road", "car")
PROCESSOR = {"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.25, 0.3]}


@pytest.fixture
def hub(server, monkeypatch, tmp_path):
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.removeprefix(constants.ENDPOINT)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", server.url + template)
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    server.headers, server.etags = {"X-Repo-Commit": COMMIT}, True
    return server


def publish(hub, folder):
    """Put the files of a folder on the server, as its main branch and as a commit."""
    for path in Path(folder).iterdir():
        for revision in ("main", COMMIT):
            hub.files[f"/{REPOSITORY}/resolve/{revision}/{path.name}"] = path.read_bytes()


def withdraw(hub, name):
    for revision in ("main", COMMIT):
        hub.files.pop(f"/{REPOSITORY}/resolve/{revision}/{name}", None)


@pytest.fixture
def town(tmp_path, hub):
    """A small model in three shards, on the server and in a folder."""
    torch.manual_seed(0)
    config = SegformerConfig(
        depths=[1, 1, 1, 1],
        hidden_sizes=[8, 16, 24, 32],
        num_attention_heads=[1, 1, 1, 2],
        decoder_hidden_size=16,
        id2label=dict(enumerate(CLASSES)),
    )
    folder = tmp_path / "town"
    SegformerForSemanticSegmentation(config).save_pretrained(folder, max_shard_size="60KB")
    (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    publish(hub, folder)
    return folder


def message(call, kind):
    with pytest.raises(kind) as raised:
        call()
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_model_in_shards_runs_as_it_does_from_a_folder(town, hub):
    assert len(list(town.glob("model-*.safetensors"))) > 1
    image = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    fetched = load_segmenter(f"hf:{REPOSITORY}")
    local = load_segmenter(f"hf:{town}")
    assert fetched.classes == CLASSES
    assert torch.equal(fetched.logits(image), local.logits(image))
    assert fetched.record.weights == local.record.weights
    asked = len(hub.requests)
    load_segmenter(f"hf:{REPOSITORY}")
    assert len(hub.requests) == asked, "all of it is in the cache"


def test_a_model_without_its_image_processor_is_said_before_its_weights_are_fetched(town, hub):
    withdraw(hub, "preprocessor_config.json")
    text = message(lambda: load_segmenter(f"hf:{REPOSITORY}"), ModelError)
    assert text.startswith(
        f"hf:{REPOSITORY}: it has no preprocessor_config.json, which contains the normal"
    )
    assert not [path for _, path, _ in hub.requests if "model" in path.rpartition("/")[2]]


@pytest.fixture
def impatient(monkeypatch):
    """The hub's client retries at once, instead of after some seconds."""
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)


def test_an_image_processor_that_cannot_be_fetched_is_not_taken_for_missing(town, hub, impatient):
    hub.broken.add(f"/{REPOSITORY}/resolve/{COMMIT}/preprocessor_config.json")
    text = message(lambda: load_segmenter(f"hf:{REPOSITORY}"), WeightsError)
    assert "it has no" not in text


def test_without_a_network_all_files_are_named_at_once(cache):
    text = message(lambda: load_segmenter(f"hf:{REPOSITORY}"), WeightsError)
    assert text == (
        f"{REPOSITORY}: the Hugging Face hub cannot be reached; download config.json, "
        "preprocessor_config.json, and model.safetensors or pytorch_model.bin (or, of weights in "
        "several files, its .index.json and all of them) from "
        f"https://huggingface.co/{REPOSITORY} on another machine and put all of it into "
        f"{cache / 'someone--town'}/"
    )


@pytest.fixture
def sorted_classes(tmp_path, hub):
    """Weights of a card with classes in alphabetical order, as in its config.json."""
    names = class_names("cityscapes")
    order = [names.index(name) for name in sorted(names)]
    state = dict(load_model("segformer-b0-minicity").state_dict())
    for part in ("weight", "bias"):
        state[f"decode_head.linear_pred.{part}"] = state[f"decode_head.linear_pred.{part}"][order]
    folder = tmp_path / "sorted"
    folder.mkdir()
    torch.save({"state_dict": state}, folder / "pytorch_model.bin")
    (folder / "config.json").write_text(json.dumps({"id2label": dict(enumerate(sorted(names)))}))
    publish(hub, folder)
    return tuple(sorted(names))


def load(**options):
    return load_segmenter("segformer-b0-minicity", weights=f"hf:{REPOSITORY}", **options)


def test_weights_of_the_hub_come_with_the_names_of_their_classes(sorted_classes, hub):
    assert load(classes=class_names("cityscapes")).classes == sorted_classes
    asked = len(hub.requests)
    assert load().classes == sorted_classes
    assert len(hub.requests) == asked


def test_weights_without_a_config_have_the_card_s_classes(sorted_classes, hub, monkeypatch):
    withdraw(hub, "config.json")
    assert load().classes == class_names("cityscapes")
    asked = len(hub.requests)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert load().classes == class_names("cityscapes"), "the cache knows that there is none"
    assert len(hub.requests) == asked


def test_a_config_that_cannot_be_fetched_is_an_error(sorted_classes, hub, impatient):
    hub.broken.add(f"/{REPOSITORY}/resolve/{COMMIT}/config.json")
    text = message(load, WeightsError)
    assert text.startswith(f"{REPOSITORY}: ")
    assert "config.json, and model.safetensors" in text


def test_a_card_s_own_weights_need_no_config(hub, tmp_path):
    network = load_model("segformer-b0", weights="none", num_classes=5)
    save_weights(tmp_path / "there/model.safetensors", network.state_dict(), {"num_classes": "5"})
    publish(hub, tmp_path / "there")
    (tmp_path / "mine.toml").write_text(
        'architecture = "segformer"\ndataset = "cityscapes"\nclasses = 5\n[weights]\n'
        f'source = "huggingface"\nlocation = "{REPOSITORY}"\n'
        "[preprocessing]\nmean = [0.4, 0.5, 0.6]\nstd = [0.2, 0.25, 0.3]\n"
        '[inference]\nmode = "whole"\n'
    )
    load_model(tmp_path / "mine.toml")
    assert not [path for _, path, _ in hub.requests if path.endswith("config.json")]
