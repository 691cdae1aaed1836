"""Several seeds of the corruptions are one model: means over them, and how far they differ."""

import re
from dataclasses import replace

import numpy as np
import pytest

from robustbench_seg.corruption import CORRUPTIONS, corrupt
from robustbench_seg.errors import ResultsError
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.reporting.evaluation_summary import summary_text
from robustbench_seg.results import read_model
from robustbench_seg.store import Run, group_runs, model_runs

FOG, CONTRAST = Condition("fog", 3), Condition("contrast", 3)


@pytest.fixture
def drawn(run, protocol):
    """Write the run of a further seed: only clean and the random corruptions."""

    def write(model, level, **options):
        fixed = [c for c in protocol.conditions() if not CORRUPTIONS[c.name].is_random]
        lack = [(image, condition) for condition in fixed for image in range(14)]
        return run(model, level, lack=lack, **options)

    return write


def test_which_corruptions_are_random():
    """Another seed gives another image under these, under all severities, and no others."""
    image = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    for entry in CORRUPTIONS.values():
        for severity in range(1, 6):
            one, other = (corrupt(image, entry.name, severity, seed=seed) for seed in (0, 1))
            assert np.array_equal(one, other) == (not entry.is_random), (entry.name, severity)


def test_a_score_is_the_mean_over_the_seeds_that_have_it(run, drawn, protocol):
    first = run("a", 0.6)
    others = [drawn("a", 0.6 + 0.02 * seed, seed=seed) for seed in (1, 2)]
    assert model_runs("a", [*others, first]) == [first, *others]
    model = read_model([first, *others], protocol)
    alone = [read_model([folder], protocol) for folder in (first, *others)]
    assert (model.seeds, model.scores.trainings, model.training_seeds) == ((0, 1, 2), 1, (None,))
    assert model.missing_images == {}
    assert model.image_counts[CONTRAST] == model.image_counts[FOG] == 14
    fog = [each.scores.cell(FOG) for each in alone]
    # Each draw is the mean over the seeds: a draw of an image includes all of its seeds.
    assert model.scores.cell(FOG) == pytest.approx(np.mean(fog, axis=0), abs=1e-9)
    assert model.scores.cell(CONTRAST) == pytest.approx(alone[0].scores.cell(CONTRAST))
    iou = [each.class_iou.set_index(["corruption", "severity", "class"])["iou"] for each in alone]
    mean = model.class_iou.set_index(["corruption", "severity", "class"])["iou"]
    for name in ("x", "y", "z"):
        assert mean["fog", 3, name] == pytest.approx(np.mean([v["fog", 3, name] for v in iou]))
        assert mean["contrast", 3, name] == pytest.approx(iou[0]["contrast", 3, name])


def test_the_spread_is_that_of_the_means_under_each_seed(run, drawn, protocol):
    first, second = run("a", 0.6), drawn("a", 0.63, seed=1)
    model = read_model([first, second], protocol)
    base = read_model([first], protocol).scores.summary
    fogs = read_model([second], protocol).scores.summary.perturbations
    cells = [
        float((fogs if CORRUPTIONS[name].is_random else base.perturbations)[name][0])
        for name in protocol.names
    ]
    expected = {0: float(base.mean[0]), 1: float(np.mean(cells))}
    assert model.seed_means == pytest.approx(expected)
    spread = abs(expected[0] - expected[1]) / np.sqrt(2)
    assert f"the seeds 0 and 1, between which the mean varies by {spread:.2f} points" in (
        model.seeds_text
    )
    text = summary_text([Run(first), Run(second)], protocol)
    assert f"a: {model.seeds_text}" in text.splitlines()
    (row,) = (line.split() for line in text.splitlines() if line.split()[:1] == ["a"])
    assert row[-2] == f"{model.scores.mean[0]:.1f}"


def test_one_seed_says_nothing(run, protocol):
    model = read_model([run("a")], protocol)
    assert (model.seed_means, model.seeds_text) == ({}, "")


def test_an_incomplete_seed_takes_nothing_away(run, protocol):
    first = run("a")
    alone = read_model([first], protocol)
    lack = [(13, condition) for condition in protocol.conditions() if condition != FOG]
    second = run("a", 0.7, seed=1, lack=lack)
    model = read_model([first, second], protocol)
    assert model.missing_images == {}
    assert model.scores.cell(Condition("snow", 2)) == pytest.approx(
        alone.scores.cell(Condition("snow", 2))
    )
    assert model.scores.cell(FOG)[0] > alone.scores.cell(FOG)[0] + 1
    assert model.seeds_text.endswith("of which not all are complete")


def test_what_no_seed_has_is_missing(run, drawn, protocol):
    lack = [(image, condition) for image in range(14) for condition in (FOG, CONTRAST)]
    first, second = run("a", lack=lack), drawn("a", 0.7, seed=1)
    model = read_model([first, second], protocol)
    assert list(model.missing_images) == ["contrast"]
    assert model.missing_images["contrast"].startswith("severity 3: not run")
    assert np.isnan(model.scores.mean[0])
    assert not np.isnan(model.scores.cell(FOG)[0])


def test_seeds_of_trainings(run, drawn, protocol):
    """The randomness of training is drawn between trainings, never between seeds."""
    firsts = [run("a", 0.6 + 0.05 * place, trained=place) for place in range(2)]
    more = [drawn("a", 0.62 + 0.05 * place, trained=place, seed=7) for place in range(2)]
    (group,) = group_runs(firsts[0].parent)
    assert group == [firsts[0], more[0], firsts[1], more[1]]
    model = read_model(group, protocol)
    assert (model.scores.trainings, model.training_seeds, model.seeds) == (2, (0, 1), (0, 7))
    each = [
        read_model([first, second], protocol) for first, second in zip(firsts, more, strict=True)
    ]
    assert model.scores.mean[0] == pytest.approx(np.mean([m.scores.mean[0] for m in each]))
    assert set(model.seed_means) == {0, 7}
    assert len(set(np.round(model.scores.mean[1001:], 9))) == 2, "n - 1 of 2 trainings are drawn"


def test_seeds_under_other_conditions_are_no_draws_of_one_model(run):
    first = run("a")
    other = run("a", seed=1, precision="bf16")
    with pytest.raises(ResultsError, match="2 runs are called a and are not"):
        model_runs("a", [first, other])
    assert group_runs(first.parent) == [[first], [other]]


def test_a_run_without_clean_images_still_counts_its_seed(run, protocol):
    first = run("a")
    lack = [(image, CLEAN) for image in range(14)]
    second = run("a", 0.7, seed=1, lack=lack)
    model = read_model([first, second], protocol)
    assert model.scores.summary.clean[0] == pytest.approx(
        read_model([first], protocol).scores.summary.clean[0]
    )
    assert set(model.seed_means) == {0, 1}
    assert re.search(r"varies by \d", replace(model, name="b").seeds_text)
