"""Which runs are one model: its trainings with seeds of their own; and which have no score."""

from dataclasses import replace

import numpy as np
import pytest

from robustbench_seg.errors import ResultsError
from robustbench_seg.records.runs.run_file import read_record, write_record
from robustbench_seg.records.runs.segmenter_record import ModelFacts
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.records.values.training import Training
from robustbench_seg.results import read_model
from robustbench_seg.store import group_runs, model_runs


def test_trainings_of_one_model(run, protocol):
    runs = [run("a", 0.5 + 0.1 * seed, trained=seed) for seed in range(3)]
    assert model_runs("a", runs) == runs
    assert model_runs(str(runs[1]), "nowhere") == [runs[1]]
    model = read_model(model_runs("a", runs[0].parent), protocol)
    assert (model.training_seeds, model.scores.trainings) == ((0, 1, 2), 3)
    alone = [read_model([folder], protocol).scores.mean[0] for folder in runs]
    assert model.scores.mean[0] == pytest.approx(np.mean(alone))


def test_trainings_may_be_run_on_several_machines(run):
    """Versions of libraries and hardware are not a difference; another version of the noise is."""
    first = run("a", trained=0, libraries={"numpy": "2.4"}, hardware="a CPU")
    second = run("a", trained=1, libraries={"numpy": "2.5"}, hardware="a GPU")
    assert model_runs("a", [first, second]) == [first, second]
    other = run("a", trained=2, laws={"fog": 2})
    with pytest.raises(ResultsError, match="3 runs are called a and are not trainings"):
        model_runs("a", [first, second, other])


@pytest.mark.parametrize("recipe", [{"iterations": 9}, {"ema": 0.999}, {"lr": 1e-5}, {"batch": 4}])
def test_another_recipe_is_no_training_of_the_same_model(run, recipe):
    runs = [run("a", trained=seed) for seed in range(2)]
    assert model_runs("a", runs) == runs
    runs.append(run("a", trained=2, recipe=recipe))
    with pytest.raises(ResultsError, match="not trainings of one model with one recipe"):
        model_runs("a", runs)


def test_a_training_whose_recipe_is_not_recorded_is_one_of_its_own(run):
    """Cards of earlier versions say the command alone, which no program reads."""
    runs = []
    for seed in range(2):
        training = Training(f"robustseg train --seed {seed}", 5.0, "", 100, seed)
        runs.append(run("a", weights=f"w{seed}", about=ModelFacts(training=training)))
    with pytest.raises(ResultsError, match="2 runs are called a and are not trainings"):
        model_runs("a", runs)
    assert group_runs(runs) == [[runs[0]], [runs[1]]]


def test_runs_of_one_name_that_are_no_trainings_of_one_model(run):
    first = run("a", trained=0)
    other = run("a", trained=1, stream="reference")
    message = (
        r"2 runs are called a and are not trainings of one model .* seeds: they differ in stream "
        r"\((fast, reference|reference, fast)\); name one folder: .*, .*"
    )
    with pytest.raises(ResultsError, match=message):
        model_runs("a", first.parent)
    run("b", trained=0)
    run("b", trained=0, weights="other")
    with pytest.raises(ResultsError, match="2 runs are called b"):
        model_runs("b", other.parent)
    run("c")
    run("c", weights="other")
    with pytest.raises(ResultsError, match=r"2 runs are called c .*: they differ in weights"):
        model_runs("c", other.parent)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"dataset": "camvid"}, "cityscapes val under cityscapes-c and to camvid val under city"),
        ({"split": "test"}, "cityscapes val under cityscapes-c and to cityscapes test under c"),
        (
            {"protocol": "mpc-15"},
            "cityscapes val under cityscapes-c and to cityscapes val under mpc",
        ),
    ],
)
def test_one_name_on_two_datasets_or_protocols_is_refused_for_that(run, change, where):
    """Also where the runs are trainings; a report keeps them apart in the same way."""
    runs = [run("a", trained=0), run("a", trained=1, **change)]
    with pytest.raises(
        ResultsError, match=f"2 runs are called a and belong to {where}.*; name one fol"
    ):
        model_runs("a", runs)
    assert group_runs(runs) == [[runs[0]], [runs[1]]]


def test_a_report_groups_trainings_and_keeps_the_rest_apart(run):
    trained = [run("a", trained=seed) for seed in range(2)]
    alone = [run("b", precision=precision) for precision in ("float32", "bf16")]
    groups = group_runs(trained[0].parent)
    assert sorted(map(sorted, groups)) == sorted([sorted(trained), *([one] for one in alone)])


def test_a_model_that_is_not_there(run, tmp_path):
    run("segformer")
    with pytest.raises(ResultsError, match=r"did you mean 'segformer'.*; or name a run folder"):
        model_runs("segfrmer", tmp_path / "runs")
    with pytest.raises(ResultsError, match="nowhere: no such folder"):
        model_runs("segformer", tmp_path / "nowhere")


def test_the_same_run_twice_is_refused(run, tmp_path):
    folder = run("a")
    twin = tmp_path / "twin"
    twin.mkdir()
    write_record(twin, replace(read_record(folder), hardware="another machine"))
    with pytest.raises(ResultsError, match=r"are the same run, in part or whole: copy the parts/"):
        group_runs([folder, twin])
    libraries = read_record(folder).libraries
    other = replace(read_record(folder), libraries={**libraries, "numpy": "2.0.1"})
    write_record(twin, other)
    with pytest.raises(
        ResultsError, match=r"one run under different libraries \(numpy \S+ and 2\.0\.1\)"
    ):
        group_runs([folder, twin])


def test_a_run_without_a_scored_image_is_left_out(run, protocol, caplog):
    good, bad = run("good"), run("bad", scored=0)
    every = [(0, condition) for condition in (CLEAN, *protocol.conditions())]
    ugly = run("ugly", images=1, lack=every)
    assert group_runs(good.parent) == [[good]]
    wanted = [f"{folder}: no image is scored; left out" for folder in (bad, ugly)]
    assert sorted(caplog.messages) == sorted(wanted)
    caplog.clear()
    assert model_runs("good", good.parent) == [good]
    assert caplog.messages == [], "a model that was not asked for is no warning"


def test_where_no_image_of_any_is_scored_it_is_one_line(run):
    folder = run("a", scored=0)
    message = f"{folder}: no image is scored yet; evaluate first"
    for read in (lambda: group_runs([folder]), lambda: model_runs("a", folder.parent)):
        with pytest.raises(ResultsError) as caught:
            read()
        assert str(caught.value) == message


def test_the_files_of_other_images_are_named_without_their_digests(run):
    first = run("a", images=14, fingerprint="0a" * 32)
    run("a", images=13, fingerprint="1b" * 32)
    message = r"number of images \((14, 13|13, 14)\), the files of the dataset; name one folder"
    with pytest.raises(ResultsError, match=message):
        model_runs("a", first.parent)
