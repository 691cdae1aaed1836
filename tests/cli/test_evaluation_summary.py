import numpy as np
import pytest

from robustbench_seg.errors import ResultsError
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.evaluation_summary import summary_text
from robustbench_seg.results import read_model, scores
from robustbench_seg.store import Row, Run, RunFolder, group_runs, model_runs

NO_MATRICES = "no confusion matrices: evaluate with the measure confusion"


def test_a_summary_has_a_row_for_each_run(run, protocol):
    runs = [Run(run("a", images=2)), Run(run("b", 0.5, images=2))]
    text = summary_text(runs, protocol)
    assert text == summary_text(runs, "cityscapes-c")
    lines = text.splitlines()
    scored = protocol.words.scored_text
    legend = f"mIoU in percent; retention = mean / clean. Averaged: severities {scored}."
    assert lines[1] == legend
    assert lines[2].split() == [
        *("model", "clean", "blur", "noise", "digital", "weather", "mean", "retention")
    ]
    clean = runs[0].conditions().set_index("corruption")["miou"]["clean"]
    assert lines[3].split()[:2] == ["a", f"{clean:.1f}"]
    assert lines[-2:] == [str(each.path) for each in runs]


def test_it_shows_the_coarsest_scores_that_are_complete(run, protocol):
    wanted = {CLEAN, *protocol.conditions(["fog"])}
    wanted |= set(protocol.conditions(["snow", "contrast"], [3]))
    wanted |= set(protocol.conditions([s.name for s in protocol.by_category["noise"]]))
    lack = [(0, condition) for condition in protocol.conditions() if condition not in wanted]
    one = Run(run("a", images=1, lack=lack))
    head, row = (line.split() for line in summary_text([one], protocol).splitlines()[2:4])
    assert head == [
        "model",
        "clean",
        "noise",
        "contrast",
        "3",
        "snow",
        "3",
        "fog",
        "mean",
        "retention",
    ]
    miou = one.conditions().set_index(["corruption", "severity"])["miou"]
    assert row[3:6] == [f"{miou[cell]:.1f}" for cell in (("contrast", 3), ("snow", 3))] + [
        f"{miou['fog'].mean():.1f}"
    ]
    assert row[-2:] == ["-", "-"]
    # A category of one run is a column for all; it stays empty for a run without it.
    lines = summary_text([one, Run(run("b", images=1))], protocol).splitlines()
    assert lines[2].split() == ["model", "clean", *protocol.categories, "mean", "retention"]
    assert lines[3].split()[2:] == ["-", row[2], "-", "-", "-", "-"]
    assert "-" not in lines[4].split()


def test_the_averaged_severities_are_named_only_beside_a_mean(run, protocol):
    def legend(*shown):
        lack = [(0, each) for each in protocol.conditions() if each not in shown]
        return summary_text([Run(run(f"a{len(shown)}", images=1, lack=lack))], protocol)

    assert "Averaged" not in legend(CLEAN, *protocol.conditions(["fog"], [3]))
    assert " Averaged: severities 1-5 of fog.\n" in legend(CLEAN, *protocol.conditions(["fog"]))
    some = legend(CLEAN, *protocol.conditions(["fog", "snow", "gaussian_noise"]))
    assert " Averaged: severities 1-5 of 2 corruptions; 1-3 of gaussian_noise.\n" in some


def test_a_run_without_a_scored_image_has_no_row(run, protocol):
    empty = Run(run("a", scored=0))
    assert summary_text([empty], protocol).split() == [str(empty.path)]


@pytest.fixture
def without_matrices(tmp_path, protocol, run_record):
    """A run with only image_miou: 40 + 10 i for image i, minus the severity."""
    folder = RunFolder.open(tmp_path / "runs", run_record("other", images=2))
    folder.add(
        0,
        [
            Row(f"{i}.png", c, {"image_miou": np.array([40.0 + 10 * i - c.severity, 1])})
            for i in range(2)
            for c in (CLEAN, *protocol.conditions())
        ],
    )
    return folder.path


def test_without_confusion_matrices_it_shows_the_score_that_there_is(without_matrices, protocol):
    lines = summary_text([Run(without_matrices)], protocol).splitlines()
    assert lines[1] == f"{NO_MATRICES} to rank and compare models"
    assert lines[2].startswith("per-image mIoU in percent; retention = mean / clean.")
    # Clean 45; noise over severities 1 to 3, the others over 1 to 5.
    mean = 45 - (4 * 2 + 12 * 3) / 16
    assert lines[4].split() == [
        *("other", "45.0", "42.0", "43.0", "42.0", "42.0"),
        *(f"{mean:.1f}", f"{100 * mean / 45:.1f}"),
    ]


def test_what_needs_confusion_matrices_says_so(without_matrices, run, protocol, caplog):
    for read in (scores, group_runs, lambda folder: model_runs("other", folder)):
        with pytest.raises(ResultsError) as caught:
            read(without_matrices.parent)
        assert str(caught.value) == f"{without_matrices}: {NO_MATRICES}"
    with pytest.raises(ResultsError, match=NO_MATRICES):
        read_model([without_matrices], protocol)
    caplog.clear()
    good = run("good")
    assert group_runs(good.parent) == [[good]]
    assert caplog.messages == [f"{without_matrices}: {NO_MATRICES}; left out"]


def test_a_protocol_file_may_be_a_path(run, tmp_path, protocol):
    from importlib.resources import files

    path = tmp_path / "p.toml"
    shipped = load_protocol("cityscapes-c")
    source = next(
        file
        for file in (files("robustbench_seg").joinpath("..", "corruptions")).iterdir()
        if file.name == f"{shipped.name}.toml"
    )
    path.write_text(source.read_text())
    one = run("a", images=2)
    assert summary_text([Run(one)], path) == summary_text([Run(one)], protocol)
    assert scores(one, path).equals(scores(one, protocol))
