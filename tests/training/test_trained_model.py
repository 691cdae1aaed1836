import json
import re
import tomllib
from dataclasses import replace

import pytest
import torch

from robustbench_seg.architectures import build
from robustbench_seg.errors import IncompleteError, ModelError
from robustbench_seg.records.cards.model_card import load_card
from robustbench_seg.records.values.training import Training
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.segmenter import load_segmenter
from robustbench_seg.training import save_trained_model, trained_card
from robustbench_seg.weights import load_weights, read_weights

CLASSES = tuple("abcdefghijk")
TRAINING = Training(
    command='robustseg train --model segformer-b0 --data "a b"',
    minutes=1.5,
    hardware="a machine",
    iterations=7,
    seed=3,
)


@pytest.fixture
def card():
    return trained_card(
        load_card("segformer-b0"),
        name="mine",
        dataset="camvid",
        classes=11,
        recipe=TrainingRecipe(),
    )


@pytest.fixture
def network(card):
    return build(card.architecture, card.classes, **card.variant)


def test_the_card_is_read_back_as_it_was_meant(card, network, tmp_path):
    path = save_trained_model(
        tmp_path / "new", network, card, CLASSES, TRAINING, "Clean mIoU 12.3 %", half=False
    )
    assert path == tmp_path / "new" / "mine.toml"
    assert path.read_text().startswith("# Clean mIoU 12.3 %\n")
    read = load_card(path)
    assert (read.name, read.architecture, read.variant) == ("mine", "segformer", {"size": "b0"})
    assert (read.dataset, read.classes) == ("camvid", 11)
    assert read.training == TRAINING
    assert read.preprocessing == load_card("segformer-b0").preprocessing
    # Trained at another size and on other data: the card inherits neither the window nor the score.
    assert read.inference.mode == "whole"
    assert read.published is None
    assert read.weights.licence is None
    assert read.weights_file == tmp_path / "new" / "mine.safetensors"


@pytest.mark.parametrize(
    ("dataset", "crop", "mode"),
    [
        ("cityscapes", (1024, 1024), "slide"),
        ("cityscapes", (512, 512), "whole"),
        ("camvid", (1024, 1024), "whole"),
    ],
)
def test_the_paper_s_training_is_tested_in_the_paper_s_windows(dataset, crop, mode):
    recipe, source = TrainingRecipe(crop=crop), load_card("segformer-b0")
    card = trained_card(source, name="mine", dataset=dataset, classes=19, recipe=recipe)
    assert card.inference.mode == mode
    assert mode == "whole" or card.inference == source.inference


def test_a_card_that_names_its_classes_is_no_source_of_names(tmp_path):
    source = replace(load_card("segformer-b0"), class_names=("ground", "rock"), classes=2)
    card = trained_card(source, name="mine", dataset="camvid", classes=11, recipe=TrainingRecipe())
    network = build(card.architecture, card.classes, **card.variant)
    path = save_trained_model(tmp_path, network, card, CLASSES, TRAINING, "remark", half=False)
    assert load_card(path).class_names is None
    assert load_segmenter(path).classes == CLASSES


def test_weights_that_are_no_numbers_are_not_written(card, network, tmp_path):
    name, weight = next(iter(network.named_parameters()))
    torch.nn.init.constant_(weight, float("inf"))
    with pytest.raises(ModelError, match=rf"not written, .* first in {re.escape(name)}; train"):
        save_trained_model(tmp_path, network, card, CLASSES, TRAINING, "", half=False)
    assert list(tmp_path.iterdir()) == []


def test_the_weights_are_read_back(card, network, tmp_path):
    path = save_trained_model(tmp_path, network, card, CLASSES, TRAINING, "", half=False)
    other = build(card.architecture, card.classes, **card.variant)
    metadata = load_weights(other, load_card(path).weights_file)
    for name, tensor in network.state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor), name
    assert (
        metadata.items()
        >= {
            "architecture": "segformer",
            "variant": '{"size": "b0"}',
            "num_classes": "11",
            "classes": json.dumps(CLASSES),
            "dataset": "camvid",
        }.items()
    )


def test_what_was_not_measured_and_names_of_any_script_go_into_a_card(card, network, tmp_path):
    named = replace(
        card, name="\U0001d4c2ine", weights=replace(card.weights, location="w.safetensors")
    )
    training = replace(TRAINING, miou=None, command="robustseg train --name \U0001d4c2ine")
    path = save_trained_model(tmp_path, network, named, CLASSES, training, "remark", half=False)
    assert load_card(path).training == training


def test_half_is_half_the_size(card, network, tmp_path):
    for name, half in (("whole", False), ("half", True)):
        save_trained_model(tmp_path / name, network, card, CLASSES, TRAINING, "", half=half)
    sizes = [(tmp_path / n / "mine.safetensors").stat().st_size for n in ("half", "whole")]
    assert 0.49 < sizes[0] / sizes[1] < 0.52


def test_a_value_beyond_half_costs_no_training(card, network, tmp_path):
    with torch.no_grad():
        network.decode_head.linear_pred.bias[0] = 1e6
    with pytest.raises(
        IncompleteError, match=r"too large for half precision.*the training is kept, in float32"
    ):
        save_trained_model(tmp_path, network, card, CLASSES, TRAINING, "", half=True)
    tensors = read_weights(load_card(tmp_path / "mine.toml").weights_file).tensors
    assert tensors["decode_head.linear_pred.bias"][0] == 1e6


@pytest.mark.parametrize(
    "name", ["deeplabv3plus-mobilenetv2", "deeplabv3plus-r50-openmmlab", "segformer-b5"]
)
def test_any_card_can_be_written(name, tmp_path):
    from robustbench_seg.records.cards.model_card import card_text

    source = load_card(name)
    card = trained_card(source, name="x", dataset="minicity", classes=19, recipe=TrainingRecipe())
    table = tomllib.loads(card_text(card, "remark"))
    assert table["variant"] == source.variant
    assert table["weights"] == {
        "source": "file",
        "location": "x.safetensors",
        "format": "robustseg",
    }
    assert "published" not in table
    assert "training" not in table
