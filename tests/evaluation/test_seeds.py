"""`evaluate` under several seeds: one run per seed, and no work is repeated."""

from dataclasses import astuple

import numpy as np
import pytest

import robustbench_seg as rs
from robustbench_seg.corruption import corrupt
from robustbench_seg.errors import IncompleteError, OptionError
from robustbench_seg.measures import confusion_matrix
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec, evaluation_spec
from robustbench_seg.store import read_results
from tests.evaluation.conftest import evaluation

SOME = {"corruptions": ("contrast", "fog"), "severities": (2, 4)}


def test_further_seeds_draw_the_random_corruptions_anew(toy, reds, tmp_path, capsys):
    data, model = toy(), reds()
    options = dict(model=model, version="1", dataset=data, out=tmp_path, **SOME)
    first, second = rs.evaluate(seeds=(3, 5), progress=True, **options)
    err = capsys.readouterr().err
    assert "seed 3: 2 corruptions" in err
    assert "seed 5: 1 corruption\n" in err
    assert [run.record.seed for run in (first, second)] == [3, 5]
    names = [set(run.results()["corruption"]) for run in (first, second)]
    assert names == [{"clean", "contrast", "fog"}, {"clean", "fog"}]
    table = second.results()
    for row in table[table["corruption"] == "fog"].itertuples():
        sample = data[data.ids.index(row.image)]
        image = corrupt(sample.image, "fog", row.severity, seed=5, image_id=row.image)
        expected = confusion_matrix(sample.labels, model(image), 3)
        assert np.array_equal(row.matrix, expected), row.image
    calls = model.calls
    rs.evaluate(seeds=(3, 5), **options)
    assert model.calls == calls, "the second start computes nothing"
    (third,) = rs.evaluate(seeds=7, **options)
    assert set(third.results()["corruption"]) == {"clean", "contrast", "fog"}, "alone it is whole"


def test_one_left_out_image_does_not_stop_the_further_seeds(toy, reds, tmp_path):
    with pytest.raises(IncompleteError, match="left out"):
        rs.evaluate(
            model=reds(), version="1", dataset=toy(broken=(2,)), out=tmp_path, seeds=(0, 1), **SOME
        )
    folders = sorted(tmp_path.iterdir())
    counts = sorted(read_results(folder)["matrix"].notna().sum() for folder in folders)
    assert counts == [5 * 3, 5 * 5]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"seeds": ()}, OptionError, "seeds is empty; give a seed of the corruptions, such as 0"),
        ({"seeds": (1, 2, 1)}, OptionError, "the seed 1 is given twice; give each once"),
        (
            {"seeds": (0, 1), "corrupted": "tree"},
            OptionError,
            "tree holds the images of one seed; evaluate each seed separately",
        ),
        (
            {"seeds": (0, 1), "save_predictions": "seen"},
            OptionError,
            "predictions of several seeds would have the same file names; save those of one seed",
        ),
    ],
)
def test_seeds_that_cannot_be(options, error, message):
    with pytest.raises(error) as caught:
        evaluation_spec("m", **options)
    assert str(caught.value) == message


def test_seeds_without_a_random_corruption_are_refused(toy, reds, tmp_path):
    with pytest.raises(OptionError, match="none of these corruptions draws random numbers"):
        rs.evaluate(
            model=reds(),
            version="1",
            dataset=toy(),
            out=tmp_path,
            seeds=(0, 1),
            corruptions="contrast",
        )
    assert list(tmp_path.iterdir()) == []


def test_one_seed_is_the_default():
    assert EvaluationSpec(("m",)).seeds == (0,)
    assert astuple(evaluation_spec("m", seeds=4)) == astuple(EvaluationSpec(("m",), seeds=(4,)))


def test_a_task_of_a_cluster_gets_the_specification_of_its_seed(toy, reds, protocol):
    """The specification alone decides what a seed's evaluation does: nodes get nothing else."""
    conditions = protocol.conditions(["fog", "contrast", "snow"], [2, 4])
    asked = {"corruptions": ("fog", "contrast", "snow"), "severities": (2, 4), "seeds": (3, 5)}
    draws = evaluation([reds()], toy(), protocol, conditions, **asked).by_seed()
    assert [drawn.spec.seeds for drawn in draws] == [(3,), (5,)]
    for drawn in draws:
        assert drawn.spec.conditions(protocol) == drawn.conditions
    assert {condition.name for condition in draws[1].conditions} == {"fog", "snow"}
