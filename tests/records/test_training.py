"""The record of a training in a card, and the comparison of two records."""

import shlex
from dataclasses import fields, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from robustbench_seg.cli.train import train
from robustbench_seg.codec import from_table, parse_toml, to_table, to_toml
from robustbench_seg.errors import CardError, OptionError
from robustbench_seg.records.cards.model_card import load_card
from robustbench_seg.records.specs.training_spec import TrainingSpec, training_spec
from robustbench_seg.records.values.training import Training
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.training import TrainedModel
from robustbench_seg.training.command import training_command

RECIPE = TrainingRecipe(minutes=35.0, crop=(224, 288), lr=1e-3, flip=0.0, ema=0.99, seed=4)
TRAINING = Training(
    command="robustseg train",
    minutes=34.9,
    hardware="a machine",
    iterations=1234,
    seed=4,
    ema=0.99,
    model="segformer-b0",
    dataset="camvid",
    split="train",
    images=367,
    precision="float32",
    processes=1,
    recipe=RECIPE,
)
# A different value for every field of a recipe except the seed.
OTHER = {
    "iterations": 7, "minutes": 36.0, "batch": 9, "crop": (64, 64), "resize": (1.0, 1.0),
    "category_ratio": 0.5, "flip": 0.25, "photometric": False, "lr": 2e-3, "betas": (0.9, 0.99),
    "weight_decay": 0.02, "head_lr_factor": 1.0, "warmup": 3, "warmup_ratio": 0.1, "power": 2.0,
    "augment": "style", "ema": 0.9, "drop_path": 0.2,
}  # fmt: skip


def test_a_recipe_comes_back_from_a_card_as_it_was():
    for recipe in (RECIPE, TrainingRecipe(), TrainingRecipe(iterations=5, minutes=2.0)):
        training = replace(TRAINING, recipe=recipe, seed=recipe.seed, ema=recipe.ema)
        assert parse_toml(Training, to_toml(training), "card") == training
        assert from_table(Training, to_table(training), "run.json") == training


def test_a_recipe_of_minutes_has_no_limit_of_steps():
    assert RECIPE.iterations is None
    assert TrainingRecipe().iterations == 160_000


def test_the_seed_and_results_are_no_difference():
    another = replace(
        TRAINING,
        command="robustseg train --half",
        minutes=50.0,
        hardware="another machine",
        miou=12.5,
        processes=8,
        seed=5,
        recipe=replace(RECIPE, seed=5),
    )
    assert TRAINING.differences(another) == another.differences(TRAINING) == ()


def test_steps_count_where_the_clock_decided_them():
    slower = replace(TRAINING, iterations=2000)
    assert TRAINING.differences(slower) == (f"iterations {TRAINING.iterations} and 2000",)
    recipe = replace(RECIPE, minutes=None, iterations=5)
    counted = replace(TRAINING, recipe=recipe)
    assert counted.differences(replace(counted, iterations=2000)) == ()


def test_each_field_of_a_recipe_is_a_difference():
    assert {*OTHER, "seed"} == {field.name for field in fields(TrainingRecipe)}
    for name, value in OTHER.items():
        other = replace(RECIPE, **{name: value})
        training = replace(TRAINING, recipe=other, augment=other.augment, ema=other.ema)
        expected = f"{name} {getattr(RECIPE, name)} and {value}"
        assert TRAINING.differences(training) == (expected,)


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"model": "segformer-b1"}, "model segformer-b0 and segformer-b1"),
        ({"dataset": "minicity"}, "dataset camvid and minicity"),
        ({"split": "trainval"}, "split train and trainval"),
        ({"images": 4}, "images 367 and 4"),
        ({"precision": "bf16"}, "precision float32 and bf16"),
        ({"encoder": "a", "encoder_sha256": "01"}, "encoder_sha256 None and 01"),
        ({"recipe": None}, "recipe, which is not recorded"),
    ],
)
def test_facts_that_decide_a_training_are_differences(change, difference):
    assert TRAINING.differences(replace(TRAINING, **change)) == (difference,)


def test_an_encoder_s_path_is_no_difference():
    here = replace(TRAINING, encoder="here/mit.pth", encoder_sha256="0123")
    assert here.differences(replace(here, encoder="there/mit.pth")) == ()


def test_trainings_without_recipes_are_the_same_only_if_they_are_equal():
    old = replace(TRAINING, recipe=None)
    assert old.differences(replace(old)) == ()
    assert old.differences(replace(old, seed=5)) == ("recipe, which is not recorded",)


def test_seed_and_recipe_contradict_each_other_in_one_line():
    table = {**to_table(TRAINING), "seed": 3}
    with pytest.raises(CardError, match="card: seed is 3, but 4 in the recipe; make them equal"):
        from_table(Training, table, "card")


def test_a_recipe_out_of_range_is_an_error_of_the_card():
    table = to_table(TRAINING)
    table["recipe"]["lr"] = -1
    with pytest.raises(
        CardError, match=r"^card: recipe: lr = -1.0 is out of range; give more than 0$"
    ):
        from_table(Training, table, "card")


@pytest.mark.parametrize("name", ["segformer-b0", "deeplabv3plus-mobilenetv2"])
def test_the_recipe_of_a_shipped_card_is_that_of_its_command(name, monkeypatch):
    training = load_card(f"{name}-minicity").training
    spec = parsed(training.command, monkeypatch)
    assert (training.model, training.dataset, training.split) == (spec.model, spec.dataset, "train")
    assert training.recipe == spec.recipe
    assert (training.images, training.precision) == (600, spec.precision)


@pytest.mark.parametrize(
    "spec",
    [
        TrainingSpec("segformer-b0", Path("a b")),
        TrainingSpec("m.toml", Path("o"), recipe=TrainingRecipe(iterations=160_000, minutes=2.5)),
        TrainingSpec(
            *("m", Path("o"), "camvid", Path("root"), "trainval", "test", "it's", "hf:w"),
            TrainingRecipe(minutes=0.5, batch=4, crop=(64, 96), lr=1e-3, augment="style", ema=0.5,
                           drop_path=0.0, weight_decay=0.0, head_lr_factor=1.0, warmup=0, seed=3),
            *("cuda:1", "bf16", 3, 0, True, 100, 7),
        ),
    ],
)  # fmt: skip
def test_the_command_of_a_spec_means_that_spec(spec, monkeypatch):
    assert parsed(training_command(spec), monkeypatch) == spec


def test_what_has_no_option_is_a_comment_of_the_command():
    spec = TrainingSpec("m", Path("o"), recipe=TrainingRecipe(flip=0.0, photometric=False))
    expected = "robustseg train --model m --out o  # flip = 0.0, photometric = False"
    assert training_command(spec) == expected


def parsed(command, monkeypatch):
    """The specification that the command line builds, without training."""
    given = []
    finished = TrainedModel(Path("x.toml"), 1, 50.0, "finished")
    monkeypatch.setattr(
        "robustbench_seg.training.train", lambda spec: given.append(spec) or finished
    )
    words = shlex.split(command, comments=True)
    done = CliRunner().invoke(train, words[words.index("train") + 1 :], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return given[0]


@pytest.mark.parametrize(
    ("name", "value", "least"),
    [
        ("threads", 0, 1),
        ("validate_every", 0, 1),
        ("checkpoint_every", -2, 1),
        ("workers", -1, 0),
    ],
)
def test_counts_of_a_training_are_checked(name, value, least, tmp_path):
    message = rf"^{name} = {value} is out of range; give an integer, {least} to \d+$"
    with pytest.raises(OptionError, match=message):
        training_spec(model="a", out=tmp_path, **{name: value})
