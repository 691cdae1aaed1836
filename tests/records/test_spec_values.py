"""Options as a person writes them, of each specification."""

import re
from pathlib import Path

import numpy as np
import pytest

from robustbench_seg.errors import FileError, OptionError
from robustbench_seg.records.specs.evaluation_spec import evaluation_spec
from robustbench_seg.records.specs.receptive_field_spec import receptive_field_spec
from robustbench_seg.records.specs.training_spec import training_spec
from robustbench_seg.records.specs.tree_spec import TreeSpec, tree_spec
from robustbench_seg.records.values.choices import check_choices


def test_single_values_text_and_numpy_integers_are_converted():
    found = tree_spec(
        Path("mine.toml"), out="o", corruptions="fog", severities=3, seed=np.int64(2), data=None
    )
    assert found == TreeSpec(
        out=Path("o"), dataset="mine.toml", corruptions=("fog",), severities=(3,), seed=2
    )
    assert type(found.seed) is int
    training = training_spec("m", out="o", workers=np.int32(1), encoder=Path("e.pth"), batch=2)
    assert (training.out, training.workers, training.encoder) == (Path("o"), 1, "e.pth")
    assert (type(training.workers), training.recipe.batch) == (int, 2)
    evaluation = evaluation_spec("m", seeds=np.arange(2), weights=Path("w"), augment="1.25,flip")
    assert (evaluation.seeds, evaluation.weights) == ((0, 1), "w")
    assert evaluation.augment == "flip,1.25"


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (lambda **o: evaluation_spec("m", **o), "option of evaluate"),
        (lambda **o: training_spec("m", out="o", **o), "option of train"),
        (lambda **o: tree_spec(out="o", **o), "option of generate_cityscapes_c"),
    ],
)
def test_an_unknown_option_and_an_empty_path_are_one_line(make, wanted):
    with pytest.raises(OptionError, match=f"unknown {wanted} 'splitt'"):
        make(splitt="val")
    with pytest.raises(FileError, match="the path is empty"):
        make(data="")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: evaluation_spec("m", device=1), "device = 1 is not text; give a string"),
        (lambda: evaluation_spec("m", corruptions=["fog", 3]), "corruptions = 3 is not text; give"),
        (lambda: evaluation_spec("m", round_attacks="no"), "round_attacks = 'no' is neither True"),
        (lambda: evaluation_spec("m", processes=None), "processes is None; give a value, or leave"),
        (
            lambda: training_spec("m", out="o", split=b"val"),
            "split = b'val' is not text; give a st",
        ),
        (lambda: training_spec("m", out="o", half=1), "half = 1 is neither True nor False; give o"),
        (lambda: tree_spec(out="o", keep_going=0), "keep_going = 0 is neither True nor False; giv"),
        (lambda: receptive_field_spec(None), "models = None is not text; give a string"),
        (lambda: receptive_field_spec("m", size=64), "the size 64 is not a height and a width; gi"),
        (lambda: receptive_field_spec("m", size="64x64"), "the size '64x64' is not a height and a"),
        (lambda: receptive_field_spec("m", size=(1.5, 2)), r"the size \(1.5, 2\) is not a height"),
    ],
)
def test_a_value_of_another_type_is_one_line(make, message):
    with pytest.raises(OptionError, match=message):
        make()


def test_a_tree_checks_its_seed_and_its_stream():
    with pytest.raises(OptionError, match=re.escape("seed = -1 is out of range")):
        tree_spec(out="o", seed=-1)
    with pytest.raises(OptionError, match="stream"):
        tree_spec(out="o", stream="slow")


def test_choices_are_found_in_the_types_of_fields():
    spec = evaluation_spec("m")
    for name in ("stream", "precision", "backend", "executor", "prediction_format", "inference"):
        wrong = evaluation_spec("m")
        object.__setattr__(wrong, name, "nonsense")
        with pytest.raises(OptionError, match=f"{name} 'nonsense'"):
            check_choices(wrong)
    check_choices(spec)  # None is valid for optional choices
