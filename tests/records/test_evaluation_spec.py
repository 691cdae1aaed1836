"""The options of an evaluation, as one value that goes through JSON."""

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from robustbench_seg.codec import from_table, to_table
from robustbench_seg.errors import CardError, CorruptionError, OptionError
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec, evaluation_spec
from robustbench_seg.records.values.shard import WHOLE, Shard

FULL = EvaluationSpec(
    models=("a",),
    data=Path("data"),
    dataset="camvid",
    split="test",
    limit=3,
    corrupted=Path("tree"),
    protocol="mine.toml",
    corruptions=("fog",),
    severities=(1, 5),
    stream="reference",
    seeds=(7,),
    measures=("confusion",),
    class_map="cityscapes-to-camvid",
    temperature=1.5,
    out=Path("out"),
    weights="w.safetensors",
    name="b",
    inference="slide",
    input_size="512x1024",
    augment="flip,0.75",
    adapt="bn",
    adapt_images=3,
    adapt_prior=2.5,
    device="cuda:1",
    precision="bf16",
    backend="openvino",
    batch=2,
    threads=2,
    workers=3,
    shard=Shard(2, 3),
    save_predictions=Path("seen"),
    save_confidence=True,
    prediction_format="bravo",
    attack_from="c",
    round_attacks=True,
    class_frequencies=Path("frequencies.toml"),
    save_attacks=Path("attacked"),
    folder=Path("/somewhere"),
    command="robustseg evaluate",
)


@pytest.mark.parametrize(
    "spec", [FULL, EvaluationSpec(("a", "b")), EvaluationSpec(("a",), executor="ray")]
)
def test_it_goes_through_json_and_back(spec):
    text = json.dumps(to_table(spec))
    assert from_table(EvaluationSpec, json.loads(text), "a task") == spec


def test_the_example_has_no_default_value():
    """Otherwise the test would miss a field that does not survive JSON."""
    default = EvaluationSpec(("a", "b"))
    same = [f.name for f in fields(FULL) if getattr(FULL, f.name) == getattr(default, f.name)]
    assert same == ["processes", "executor"], "ray takes no shard, and a GPU no processes"


def test_a_misspelt_field_is_named():
    table = to_table(FULL)
    table["seds"] = table.pop("seeds")
    with pytest.raises(CardError, match="a task: unknown key 'seds'; did you mean 'seeds'"):
        from_table(EvaluationSpec, table, "a task")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"stream": "fats"}, OptionError, "unknown stream 'fats'; did you mean 'fast'"),
        ({"seeds": (-1,)}, OptionError, r"seeds = \(-1,\) is out of range; give an integer"),
        ({"seeds": (0, 2**32)}, OptionError, r"seeds = \(0, 4294967296\)"),
        ({"severities": (6,)}, CorruptionError, "severity 6 does not exist; choose 1 to 5"),
        ({"precision": "fp61"}, OptionError, "unknown precision 'fp61'; did you mean 'fp16'"),
        ({"backend": "openvin"}, OptionError, "unknown backend 'openvin'; did you mean"),
        ({"inference": "slid"}, OptionError, "unknown inference 'slid'; did you mean 'slide'"),
        ({"executor": "rai"}, OptionError, "unknown executor 'rai'; did you mean 'ray'"),
        (
            {"temperature": "fit", "class_map": "cityscapes-to-camvid"},
            OptionError,
            "a temperature cannot be fitted with a class map, .*; give it as a number",
        ),
        ({"limit": 0}, OptionError, "limit = 0 is out of range; give an integer, 1 to 1000000000"),
        ({"models": ("a", "b"), "name": "c"}, OptionError, "name and weights are for a single m"),
        (
            {"models": ("a", "b"), "weights": "w"},
            OptionError,
            "are for a single model; evaluate",
        ),
        (
            {"shard": "1/2"},
            OptionError,
            r"shard = '1/2' is not a Shard; give a Shard, such as Shard\(1, 2",
        ),
        (
            {"executor": "ray", "shard": Shard(1, 2)},
            OptionError,
            "a shard is for machines without a cluster; leave out shard or the executor ray",
        ),
    ],
)
def test_what_does_not_exist_or_fit_is_one_line(options, error, message):
    with pytest.raises(error, match=message):
        EvaluationSpec(**{"models": ("a",), **options})


def test_random_weights_go_with_several_models():
    assert EvaluationSpec(("a", "b"), weights="none").weights == "none"


def test_what_a_person_writes_becomes_a_specification():
    spec = evaluation_spec(
        model="a",
        corruptions="fog",
        severities=3,
        measures=["confusion"],
        data="d",
        out="o",
        dataset=Path("mine.toml"),
        weights=Path("w"),
        limit=2,
    )
    wanted = EvaluationSpec(
        ("a",),
        Path("d"),
        "mine.toml",
        limit=2,
        corruptions=("fog",),
        severities=(3,),
        measures=("confusion",),
        out=Path("o"),
        weights="w",
    )
    assert spec == replace(wanted, command=spec.command)
    assert spec.shard == WHOLE
    assert evaluation_spec(model=[Path("a.toml"), "b"]).models == ("a.toml", "b")


def test_an_option_that_does_not_exist_is_named():
    with pytest.raises(OptionError, match="unknown option of evaluate 'devise'; did you mean 'de"):
        evaluation_spec(model="a", devise="cuda")


def test_the_command_is_that_of_this_process(monkeypatch):
    monkeypatch.setattr("sys.argv", ["/usr/bin/robustseg", "evaluate", "--data", "my photos"])
    assert EvaluationSpec(("a",)).command == "robustseg evaluate --data 'my photos'"
    assert EvaluationSpec(("a",)).folder == Path.cwd()


def test_an_evaluation_has_a_model():
    with pytest.raises(OptionError, match=r"^give a model: its name, a segmenter, a torch module"):
        EvaluationSpec(models=())


@pytest.mark.parametrize("name", ["batch", "threads", "workers"])
def test_counts_are_one_or_more(name):
    with pytest.raises(
        OptionError, match=rf"^{name} = 0 is out of range; give an integer, 1 to \d+$"
    ):
        EvaluationSpec(models=("a",), **{name: 0})
