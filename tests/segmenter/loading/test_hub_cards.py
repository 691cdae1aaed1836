"""Loading a model that transformers runs by the name of its card."""

import json

import numpy as np
import pytest

from robustbench_seg.errors import OptionError, WeightsError
from robustbench_seg.segmenter import load_segmenter

FILES = "robustbench_seg.segmenter.adapters.transformers.model_files."


def test_it_brings_its_weights_and_its_runtime():
    with pytest.raises(OptionError, match=r"eomt-l: accepts only .*; leave out weights"):
        load_segmenter("eomt-l", weights="none")
    with pytest.raises(OptionError, match=r"eomt-l: accepts only .*; leave out backend"):
        load_segmenter("eomt-l", backend="onnxruntime")


def test_an_id_that_was_never_looked_up_says_so(monkeypatch):
    def gone(repository, *_):
        raise WeightsError(f"{repository}: the hub has no such repository")

    monkeypatch.setattr(f"{FILES}fetch_hub_folder", gone)
    with pytest.raises(WeightsError) as raised:
        load_segmenter("dpt-l-ade20k")
    assert str(raised.value) == (
        "dpt-l-ade20k: its hub id could not be looked up when the card was written: "
        "Intel/dpt-large-ade: the hub has no such repository"
    )
    with pytest.raises(WeightsError, match=r"^microsoft/beit-base"):
        load_segmenter("beit-b-ade20k")


def test_a_card_names_the_model_and_its_published_score(tmp_path, monkeypatch):
    from transformers import SegformerConfig, SegformerForSemanticSegmentation

    sizes = {"hidden_sizes": [8, 8, 8, 8], "num_attention_heads": [1, 1, 1, 1]}
    names = {0: "sky", 1: "road"}
    config = SegformerConfig(depths=[1, 1, 1, 1], decoder_hidden_size=8, id2label=names, **sizes)
    SegformerForSemanticSegmentation(config).save_pretrained(tmp_path)
    said = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(said))
    monkeypatch.setattr(f"{FILES}fetch_hub_folder", lambda *_: tmp_path)
    weights = tmp_path / "model.safetensors"
    monkeypatch.setattr(f"{FILES}fetch_hub_weights", lambda *_: weights)
    segmenter = load_segmenter("mask2former-swin-t", input_size="32x64")
    assert segmenter.name == segmenter.about.card == "mask2former-swin-t"
    assert segmenter.about.published.miou == 82.1
    assert segmenter.about.published_on == "cityscapes"
    assert segmenter(np.zeros((40, 40, 3), np.uint8)).shape == (40, 40)
