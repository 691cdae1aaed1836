"""A specification with its data open and its models loaded."""

from dataclasses import replace

import pytest

from robustbench_seg.errors import CardError, CorruptionError, ModelError, OptionError
from robustbench_seg.evaluation import open_evaluation
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.records.values.shard import Shard
from robustbench_seg.segmenter import SegmenterOptions, segmenter_of
from tests.evaluation.conftest import evaluation

MINICITY = ("segformer-b0-minicity",)


def test_clean_comes_first_and_once(toy, protocol):
    fog = Condition("fog", 3)
    assert evaluation([], toy(), protocol, (fog,)).all_conditions == (CLEAN, fog)


def test_blocks_hold_every_image_once(toy, protocol):
    blocks = evaluation([], toy(10), protocol, ()).blocks
    assert [len(block) for block in blocks] == [4, 4, 2]
    assert [index for block in blocks for index in block] == list(range(10))
    parts = [evaluation([], toy(10), protocol, (), shard=Shard(i, 2)).blocks for i in (1, 2)]
    assert [list(block) for block in parts[0]] == [[0, 1, 2, 3], [8, 9]]
    assert [list(block) for block in parts[1]] == [[4, 5, 6, 7]]


def test_a_gpu_has_more_workers_unless_asked_otherwise(toy, protocol):
    def workers(**options):
        return evaluation([], toy(), protocol, (), **options).workers

    assert workers() == 1
    assert workers(device="cuda:1") == 8
    assert workers(device="cuda", workers=3) == workers(workers=3) == 3


def test_what_is_named_is_opened(tmp_path):
    spec = EvaluationSpec(
        MINICITY,
        dataset="minicity",
        limit=2,
        protocol="city-c-fan",
        corruptions=("fog",),
        severities=(2,),
        measures=("confusion",),
        name="mine",
    )
    opened = open_evaluation(spec)
    assert (opened.dataset.name, len(opened.dataset)) == ("minicity", 2)
    assert opened.protocol.name == "city-c-fan"
    assert opened.conditions == (Condition("fog", 2),)
    assert [measure.name for measure in opened.measures] == ["confusion"]
    assert [segmenter.name for segmenter in opened.segmenters] == ["mine"]


@pytest.mark.parametrize(
    ("corruptions", "count"),
    [((), 80), (("clean",), 0), (("clean", "fog"), 5), (("fog", "snow"), 10)],
)
def test_clean_by_itself_is_no_corruption(toy, reds, corruptions, count):
    model = segmenter_of(reds(), SegmenterOptions())
    spec = EvaluationSpec(("reds",), corruptions=corruptions)
    opened = open_evaluation(spec, segmenters=[model], dataset=toy())
    assert len(opened.conditions) == count


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"measures": ("confusoin",)}, OptionError, "unknown measure 'confusoin'; did you mean"),
        ({"corruptions": ("fogg",)}, CorruptionError, "unknown corruption 'fogg'; did you mean"),
        ({"models": ("segformer-b9",)}, ModelError, "unknown model 'segformer-b9'"),
        ({"models": ("segformer-b0-ade20k",), "weights": "none"}, None, ""),
    ],
)
def test_what_does_not_exist_is_one_line(options, error, message):
    spec = EvaluationSpec(**{"models": MINICITY, "dataset": "minicity", **options})
    if error is None:  # random weights take the classes of the dataset
        assert len(open_evaluation(spec).segmenters[0].classes) == 19
        return
    with pytest.raises(error, match=message):
        open_evaluation(spec)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "fogg"}, "protocol mine: unknown corruption 'fogg'; did you mean 'fog'"),
        (
            {"parameters": ({"density": 1.0},) * 5},
            "protocol mine: corruption 'fog': the parameter 'decay' is missing",
        ),
    ],
)
def test_a_wrong_protocol_is_refused_before_a_model_is_loaded(toy, protocol, changes, message):
    spec = EvaluationSpec(("exported:none.pt",))
    with pytest.raises(ModelError, match="there is no such file"):
        open_evaluation(spec, dataset=toy(), protocol=protocol)
    fog = replace(protocol.perturbation("fog"), **changes)
    wrong = replace(protocol, name="mine", perturbations=(fog,))
    with pytest.raises(CardError, match=message):
        open_evaluation(spec, dataset=toy(), protocol=wrong)
    with pytest.raises(CardError, match="'cityscapes-c' belongs to an included protocol with oth"):
        open_evaluation(spec, dataset=toy(), protocol=replace(wrong, name="cityscapes-c"))


def test_other_classes_are_refused_with_both_lists(toy, reds, protocol):
    message = (
        r"reds predicts 2 classes \(dark, bright\), but toy has 3 classes \(dark, middle, bright"
    )
    with pytest.raises(ModelError, match=message):
        evaluation([reds(classes=("dark", "bright"))], toy(), protocol, ())
