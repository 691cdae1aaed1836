"""`evaluate` from Python: by name, by specification, or with objects."""

import numpy as np
import pytest
import torch
from torch import nn

import robustbench_seg as rs
from robustbench_seg.errors import DatasetError, ModelError, OptionError, ResultsError
from robustbench_seg.measures import mean_iou
from robustbench_seg.store import Run
from tests.evaluation.conftest import CLASSES, Toy

MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)
SOME = {"corruptions": ("fog", "contrast"), "severities": (1, 4)}


class Threshold(nn.Module):
    """Logits of three levels of red, at a quarter of the image's size."""

    def __init__(self, weight=8.0):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(weight))
        self.pool = nn.AvgPool2d(4)

    def forward(self, images):
        red = self.pool(images[:, :1]) * self.scale
        return torch.cat([-red, -red.abs(), red], 1)


def by_red(image):
    return np.minimum(image[..., 0] // 86, 2)


@pytest.fixture
def evaluate(tmp_path):
    def run(model, **options):
        wanted = {"dataset": Toy(3), "out": tmp_path / "runs", **SOME, **options}
        return rs.evaluate(model=model, **wanted)

    return run


def test_a_torch_module(evaluate, tmp_path):
    network, about = Threshold().train(), {"name": "levels", "classes": CLASSES}
    (run,) = evaluate(network, mean=MEAN, std=STD, **about)
    assert isinstance(run, Run)
    assert run.path.parent == tmp_path / "runs"
    record = run.record
    assert (record.model, record.dataset, record.classes) == ("levels", "toy", CLASSES)
    assert record.key.segmenter.preprocessing.mean == MEAN
    assert record.about.params == 1
    assert not network.training
    table = run.results()
    assert len(table) == 3 * 5
    clean = table.loc[table["corruption"] == "clean", "matrix"].sum()
    assert mean_iou(clean) > 30
    assert run.conditions()["complete"].all()
    # Other weights start another run; the same weights continue in the same folder.
    (again,) = evaluate(Threshold(), mean=MEAN, std=STD, **about)
    (other,) = evaluate(Threshold(1.0), mean=MEAN, std=STD, **about)
    assert again.path == run.path != other.path


def test_a_callable(evaluate):
    calls = []

    def model(image):
        calls.append(image.dtype)
        return by_red(image)

    (run,) = evaluate(model, name="mine", classes=CLASSES, version="1")
    assert run.record.model == "mine"
    assert run.record.key.segmenter.own == {"version": "1"}
    assert run.record.key.segmenter.runtime == "python"
    clean = run.results().loc[lambda table: table["corruption"] == "clean", "matrix"].sum()
    assert mean_iou(clean) == 100
    assert len(calls) == 3 * 5
    evaluate(model, name="mine", classes=CLASSES, version="1")
    assert len(calls) == 3 * 5
    evaluate(model, name="mine", classes=CLASSES, version="2")
    assert len(calls) == 2 * 3 * 5


def test_a_callable_may_bear_its_attributes(evaluate, reds):
    (run,) = evaluate(reds())
    assert run.record.model == "reds"
    assert run.record.key.segmenter.own == {"shift": 0}


def test_a_segmenter_that_was_loaded(evaluate):
    minicity = rs.open_dataset("minicity").first(1)
    segmenter = rs.load_segmenter("segformer-b0-minicity")
    (loaded,) = evaluate(segmenter, dataset=minicity, corruptions="clean")
    (named,) = evaluate(
        "segformer-b0-minicity", dataset="minicity", limit=1, corruptions="clean", out=loaded.path
    )
    assert loaded.record.key == named.record.key
    assert loaded.path.name == named.path.name


def test_several_objects_at_once(evaluate, reds):
    runs = evaluate([reds(), reds("other", facts={"shift": 1})])
    assert [run.record.model for run in runs] == ["reds", "other"]


def test_a_specification_is_the_same_call(tmp_path):
    options = {"dataset": "minicity", "limit": 1, "corruptions": ("clean",), "severities": ()}
    spec = rs.EvaluationSpec(("segformer-b0-minicity",), out=tmp_path / "a", **options)
    (one,) = rs.evaluate(spec)
    (two,) = rs.evaluate(model="segformer-b0-minicity", out=tmp_path / "b", **options)
    assert one.path.name == two.path.name
    assert one.results()["matrix"][0].tolist() == two.results()["matrix"][0].tolist()


def test_a_protocol_as_an_object(evaluate, reds):
    (run,) = evaluate(reds(), protocol=rs.load_protocol("city-c-fan"))
    assert run.record.protocol == "city-c-fan"


def test_no_bar_unless_it_is_asked_for(evaluate, reds, capsys):
    evaluate(reds())
    assert capsys.readouterr().err == ""
    evaluate(reds("other"), progress=True)
    assert " 15/15 " in capsys.readouterr().err


MODULE = {"name": "m", "classes": CLASSES, "mean": MEAN, "std": STD}
CALLABLE = {"name": "m", "classes": CLASSES, "version": "1"}


def without(options, name):
    return {key: value for key, value in options.items() if key != name}


@pytest.mark.parametrize(
    ("model", "options", "error", "message"),
    [
        (
            None,
            {},
            OptionError,
            "give a model: its name, a segmenter, a torch module or a callable",
        ),
        ([], {}, OptionError, "give a model: its name"),
        (3, {}, ModelError, "expected a model, got int; give its name, a torch"),
        (Threshold(), without(MODULE, "classes"), ModelError, "Threshold: give classes, the names"),
        (
            Threshold(),
            without(MODULE, "mean"),
            ModelError,
            "Threshold: give mean and std of RGB in",
        ),
        (Threshold(), without(MODULE, "std"), ModelError, "Threshold: give mean and std of RGB in"),
        (by_red, without(CALLABLE, "name"), ModelError, "by_red: give name, its name in tables"),
        (by_red, without(CALLABLE, "classes"), ModelError, "by_red: give classes, the names of"),
        (by_red, without(CALLABLE, "version"), ModelError, "by_red: give version, a text that ch"),
        (
            by_red,
            {**CALLABLE, "device": "cuda"},
            OptionError,
            "m: accepts only .*; leave out device",
        ),
        (by_red, {**CALLABLE, "classes": ("a", "b")}, ModelError, r"m predicts 2 classes \(a, b\)"),
        (by_red, {**CALLABLE, "stream": "fats"}, OptionError, "unknown stream 'fats'"),
        (by_red, {**CALLABLE, "sead": 1}, OptionError, "unknown option of evaluate 'sead'; did y"),
        (["segformer-b0", by_red], {}, OptionError, "all models as names, or all as objects"),
        (
            "segformer-b0",
            {"classes": CLASSES},
            OptionError,
            "classes: only for models that are objects",
        ),
        (
            by_red,
            {**CALLABLE, "executor": "ray"},
            OptionError,
            "the executor ray needs models, data and pr",
        ),
    ],
)
def test_what_is_missing_or_wrong_is_one_line(evaluate, tmp_path, model, options, error, message):
    with pytest.raises(error, match=message) as caught:
        evaluate(model, **options)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "runs").exists()


def test_a_specification_or_options_but_not_both():
    spec = rs.EvaluationSpec(("segformer-b0",))
    for more in ({"model": "a"}, {"dataset": "camvid"}, {"protocol": "mpc-15"}, {"limit": 3}):
        with pytest.raises(OptionError, match="give a specification or options, not both"):
            rs.evaluate(spec, **more)


def test_threads_are_set_for_the_evaluation_alone(evaluate):
    before, seen = torch.get_num_threads(), []

    def spy(image):
        seen.append(torch.get_num_threads())
        return by_red(image)

    evaluate(spy, name="spy", classes=CLASSES, version="1", threads=before + 1)
    assert set(seen) == {before + 1}
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("option", [{"data": "folder"}, {"split": "test"}])
def test_an_open_dataset_takes_no_folder_or_split_beside_it(toy, reds, tmp_path, option):
    (name,) = option
    with pytest.raises(OptionError, match=f"toy is already open; leave out {name}"):
        rs.evaluate(model=reds(), version="1", dataset=toy(), out=tmp_path, **option)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"dataset": 1}, DatasetError, "dataset: 1 is neither a name nor a dataset; it lacks name"),
        ({"out": None}, OptionError, "out is None; give a folder for the run folders"),
    ],
)
def test_values_of_another_type_are_one_line(toy, reds, tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        rs.evaluate(
            **{"model": reds(), "version": "1", "dataset": toy(), "out": tmp_path, **options}
        )


def test_compare_wants_names(tmp_path):
    with pytest.raises(ResultsError, match="model: 1 is neither a name nor a run folder"):
        rs.compare(1, 2, runs=tmp_path)
