"""tables/confidence.*: ECE and AUROC of each corruption, against sums by hand."""

import numpy as np
import pandas as pd
import pytest
from fake_runs import steady, weaker

from robustbench_seg.reporting.page.perturbation_table import perturbation_table
from robustbench_seg.reporting.page.score_sections import confidence_section
from robustbench_seg.reporting.panels import (
    chief_confidence_scores,
    missing_confidence,
    read_panels,
)
from robustbench_seg.reporting.panels.failures import failure_sentences
from robustbench_seg.reporting.tables.report_tables import write_tables


def gap(iou: float, confidence: float) -> float:
    """ECE in percent where all pixels have one confidence, of images as matrix_of makes them."""
    accuracy = 4 * iou / (4 * iou + 2 * (100 - iou))
    return 100 * abs(confidence - accuracy)


@pytest.fixture
def runs(run):
    """alpha with confidence, and beta, a graph that returns only labels."""
    labels = {"about": {"no_confidence": "the graph ends in labels"}}
    return (
        run("alpha", images=3, confidence=0.95),
        run("beta", weaker, images=3, **labels),
    )


def test_they_hold_the_score_of_each_corruption(runs, tmp_path):
    write_tables(read_panels(runs), tmp_path, intervals=True)
    table = pd.read_csv(tmp_path / "confidence.csv")
    assert list(table["model"]) == ["alpha", "alpha"]  # beta has none
    assert list(table["metric"]) == ["ece", "auroc"]
    ece, auroc = table.to_dict("records")
    assert ece["clean"] == pytest.approx(gap(80, 0.95), abs=1e-3)
    fog = sum(gap(80 - 4 * severity, 0.95) for severity in range(1, 6)) / 5
    noise = sum(gap(80 - 4 * severity, 0.95) for severity in range(1, 4)) / 3
    assert ece["fog"] == pytest.approx(fog, abs=1e-3)
    assert ece["shot_noise"] == pytest.approx(noise, abs=1e-3)
    assert ece["mean"] == pytest.approx((12 * fog + 4 * noise) / 16, abs=1e-3)
    assert auroc["fog"] == 50  # all pixels are equally confident
    assert f"| {fog:.1f} ({fog:.1f} to {fog:.1f}) |" in (tmp_path / "confidence.md").read_text()
    tex = (tmp_path / "confidence.tex").read_text()
    assert "ECE (lower is better) and AUROC (higher is better)" in tex
    assert rf"\shortstack[r]{{{fog:.1f}\\{{\scriptsize {fog:.1f}--{fog:.1f}}}}}" in tex
    assert r"\label{tab:confidence-0}" in tex


def test_without_confidence_there_are_none(run, tmp_path):
    write_tables(read_panels([run("alpha")]), tmp_path)
    assert not [*tmp_path.glob("confidence*")]


def test_the_heat_table_has_them_as_further_metrics(runs):
    (panel,) = read_panels(runs)
    table = perturbation_table(panel.miou, panel, panel.name)
    assert [(metric.name, metric.higher_is_better) for metric in table.scores] == [
        ("ECE", False),
        ("AUROC", True),
    ]
    alpha, beta = table.rows[:2]
    ece, auroc = alpha.cells[1].scores
    assert ece.value == pytest.approx(gap(80, 0.95), abs=1e-3)
    assert ece.title.startswith("3 images, 95 % interval ")
    assert auroc.value == 50
    assert {metric.title for cell in beta.cells[1:] for metric in cell.scores} == {
        "the graph ends in labels"
    }
    assert {metric.value for cell in beta.cells[1:] for metric in cell.scores} == {None}


def test_why_a_row_has_no_confidence(run):
    (panel,) = read_panels([run("alpha", steady)])
    assert chief_confidence_scores(panel) == []
    again = "its runs did not record confidence; run robustseg evaluate again to add it"
    assert missing_confidence(panel.models[0]) == again
    assert perturbation_table(panel.miou, panel, panel.name).scores == []


def test_a_missing_image_is_the_reason_why_a_row_has_no_confidence(run):
    def unreadable(corruption, severity, image):
        return "town/1.png: cannot be read" if image == 1 else 80

    (panel,) = read_panels([run("alpha", unreadable, confidence=0.95)])
    assert missing_confidence(panel.models[0]) == (
        "images are missing (clean: 2 of 3 images (town/1.png: cannot be read))"
    )


def test_scores_that_one_training_alone_has_are_shown_and_say_so(run):
    first = run("alpha", images=3, confidence=0.95, trained=0)
    (alone,) = read_panels([first])
    (panel,) = read_panels([first, *(run("alpha", images=3, trained=s) for s in (1, 2))])
    row, only = panel.models[0], alone.models[0]
    assert missing_confidence(row) is None
    assert row.scores.trainings == 3
    assert row.scores.trainings_text("miou") is None
    assert row.scores.trainings_text("ece") == "1 of 3"
    found, expected = (r.scores.by_key["ece"].summary.mean for r in (row, only))
    images = len(found) // 2
    np.testing.assert_array_equal(found[: 1 + images], expected[: 1 + images])
    assert np.ptp(found[1 + images :]) == 0
    assert confidence_section(panel).without_scores == [
        "alpha: scores of 1 of 3 trainings, because the others lack them; evaluate "
        "again to add them."
    ]


def test_a_sentence_says_of_how_many_trainings_it_is(run):
    first = run("alpha", images=3, confidence=0.95, trained=0)
    ((one,), (three,)) = (
        failure_sentences(panel)
        for (panel,) in (
            read_panels([first]),
            read_panels([first, *(run("alpha", images=3, trained=s) for s in (1, 2))]),
        )
    )
    assert three == one.replace("(AUROC).", "(AUROC) (1 of 3 trainings).")
    assert three != one
