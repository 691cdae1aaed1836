"""`import robustbench_seg as rs`: what it lists, and what its objects look like when printed."""

import ast
import dataclasses
import doctest
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import robustbench_seg as rs
from robustbench_seg.evaluation.arguments import EvaluateArguments
from robustbench_seg.records.cards.model_card import load_card
from robustbench_seg.records.specs.ablation_spec import AblationOptions
from robustbench_seg.records.specs.evaluation_spec import EvaluationOptions
from robustbench_seg.records.specs.model_spec import ModelOptions
from robustbench_seg.records.specs.receptive_field_spec import (
    ReceptiveFieldOptions,
    ReceptiveFieldSpec,
)
from robustbench_seg.records.specs.speed_spec import SpeedOptions, SpeedSpec
from robustbench_seg.records.specs.training_spec import TrainingOptions
from robustbench_seg.records.specs.tree_spec import TreeOptions
from robustbench_seg.records.values.training_recipe import RecipeOptions

ROOT = Path(__file__).parents[1]


def test_dir_lists_the_interface_and_nothing_else():
    assert dir(rs) == sorted([*rs.__all__, "__version__"])
    assert rs.__all__ == sorted(rs.__all__)


def test_type_checkers_see_the_same_names_in_the_same_rooms():
    tree = ast.parse(Path(rs.__file__).read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.asname: node.module.removeprefix("robustbench_seg.")
        for node in block.body
        for alias in node.names
        if alias.name == alias.asname
    }
    assert seen == rs._ROOMS


@pytest.mark.parametrize("name", rs.__all__)
def test_every_name_is_there_and_documented(name):
    thing = getattr(rs, name)
    assert thing.__doc__
    page = (ROOT / "docs" / "reference" / "python.md").read_text()
    assert f"robustbench_seg.{name}" in page


@pytest.mark.parametrize(
    ("room", "name"),
    [
        ("cli.main", "main"),
        ("datasets", "class_names"),
        ("machine.allocator", "keep_freed_memory"),
    ],
)
def test_names_that_other_projects_import_from_their_rooms_stay(room, name):
    assert callable(getattr(importlib.import_module(f"robustbench_seg.{room}"), name))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'evaluat'"):
        _ = rs.evaluat


def test_importing_it_loads_nothing_heavy():
    heavy = "{'torch', 'numpy', 'pandas'}"
    code = f"import sys, robustbench_seg; print(sorted({heavy} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_all_that_the_pages_import_is_exported():
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    found = set()
    for page in pages:
        found |= set(re.findall(r"^ *from (robustbench_seg\S*) import", page.read_text(), re.M))
    assert found == set()


def keys(options):
    return set(options.__annotations__)


def names(record):
    return {field.name for field in dataclasses.fields(record)}


def test_the_types_of_options_have_every_field():
    of_call = {"models", "dataset", "protocol"}
    assert keys(EvaluationOptions) == names(rs.EvaluationSpec) - of_call
    assert keys(ModelOptions) == names(rs.ModelSpec)
    about_objects = keys(EvaluateArguments) - keys(EvaluationOptions)
    assert about_objects <= set(inspect.signature(rs.load_segmenter).parameters)
    assert keys(TreeOptions) == names(rs.TreeSpec) - {"dataset", "protocol"}
    assert keys(ReceptiveFieldOptions) == names(ReceptiveFieldSpec) - {"models"}
    assert keys(SpeedOptions) == names(SpeedSpec)
    assert keys(RecipeOptions) == names(rs.TrainingRecipe)
    own = keys(TrainingOptions) - keys(RecipeOptions)
    assert own == names(rs.TrainingSpec) - {"model", "dataset", "validate_on"}
    fixed = keys(TrainingOptions) - keys(AblationOptions)
    assert fixed == {"name", "recipe", "crop", "minutes", "augment", "seed"}


def test_reprs_are_one_short_line(tmp_path):
    run = rs.Run(next((ROOT / "reports" / "recorded").glob("segformer*")))
    dataset = rs.open_dataset("minicity")
    rs.write_minicity(tmp_path, "val", count=2)
    things = [
        dataset,
        dataset[0],
        rs.open_dataset("cityscapes", tmp_path),
        rs.load_protocol(),
        rs.load_segmenter("segformer-b0-minicity"),
        run,
        run.record,
    ]
    for thing in things:
        assert len(repr(thing).replace(str(tmp_path), "").replace(str(ROOT), "")) <= 140, thing
        assert "\n" not in repr(thing)
    assert repr(dataset) == "<dataset minicity val: 24 drawn images>"
    assert load_card("segformer-b0").name in repr(load_card("segformer-b0"))


NO_TEXTS = [None, 1, 1.5, b"x", [1], object()]


@pytest.mark.parametrize("value", NO_TEXTS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(
    "call",
    [
        lambda value: rs.corrupt(np.zeros((32, 32, 3), np.uint8), value, 3),
        lambda value: rs.load_protocol(value),
        lambda value: rs.load_model(value),
        lambda value: rs.verify(value),
        lambda value: rs.read_results(value),
        lambda value: rs.scores(value),
        lambda value: rs.EvaluationSpec(("x",), shard=value),
        lambda value: rs.EvaluationSpec(("x",), stream=value),
        lambda value: rs.EvaluationSpec(("x",), severities=(value if value != 1 else True,)),
    ],
    ids=range(9),
)
def test_a_value_of_another_type_is_one_line(call, value):
    with pytest.raises(rs.RobustsegError) as caught:
        call(value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", rs.__all__)
def test_every_name_has_an_example_that_uses_it(name):
    examples = doctest.DocTestParser().get_examples(getattr(rs, name).__doc__)
    assert any(re.search(rf"\brs\.{name}\b", example.source) for example in examples)
