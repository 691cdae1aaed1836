"""The sections of further scores, on a run of a network: they hold what the table has."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import robustbench_seg as rs
from robustbench_seg.datasets.minicity import Minicity
from robustbench_seg.reporting.page.panel_ranking import panel_ranking
from robustbench_seg.reporting.page.score_sections import confidence_section, failure_section
from robustbench_seg.reporting.panels import finding, read_panels
from robustbench_seg.results import RANKING_SCORE, scores


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Of a network that knows the mean colour of each class, and sees a pixel at a time."""
    dataset = Minicity("val", (96, 192), 2)
    pixels, labels = dataset[0].image / 255.0, dataset[0].labels
    colours = [pixels[labels == c].mean(0) if (labels == c).any() else (9, 9, 9) for c in range(19)]
    means = torch.tensor(np.array(colours), dtype=torch.float32)
    network = nn.Conv2d(3, 19, 1)
    network.weight.data = 50 * 2 * means[..., None, None]
    network.bias.data = -50 * means.square().sum(1)
    return rs.evaluate(
        model=network,
        name="colours",
        classes=dataset.classes,
        mean=(0.0,) * 3,
        std=(1.0,) * 3,
        dataset=dataset,
        out=tmp_path_factory.mktemp("runs"),
        threads=1,
    )


@pytest.fixture(scope="module")
def panel(runs):
    (panel,) = read_panels([runs[0].path])
    return panel


@pytest.fixture(scope="module")
def table(runs):
    return scores([runs[0].path])


def value(table: pd.DataFrame, metric: str, corruption: str | None) -> float:
    rows = table[(table["metric"] == metric) & table["category"].isna()]
    if corruption:
        rows = table[(table["metric"] == metric) & (table["corruption"] == corruption)]
    (found,) = rows["value"]
    return found


@pytest.mark.parametrize(
    ("section", "label", "metric"),
    [
        (failure_section, "boundary mIoU, 4 px ↑", "boundary_miou_4"),
        (failure_section, "recall of large objects ↑", "object_recall_large"),
        (failure_section, "missed persons ↓", "missed_region_rate"),
        (confidence_section, "ECE ↓", "ece"),
        (confidence_section, "AUROC ↑", "auroc"),
    ],
)
def test_a_row_is_clean_and_the_mean_over_the_corruptions(panel, table, section, label, metric):
    found = section(panel)
    (row,) = [row for row in found.chief.rows if row.cells[0].text == label]
    clean, corrupted = (cell.text for cell in row.cells[1:])
    assert clean == f"{value(table, metric, 'clean'):.1f}"
    assert corrupted == f"{value(table, metric, None):.1f}"
    assert row.cells[2].title.startswith("95 % interval ")
    assert row.cells[0].title, "the definition"


def test_the_details_hold_every_score(panel):
    where, knows = failure_section(panel), confidence_section(panel)
    assert len(where.every.rows) > len(where.chief.rows)
    labels = {row.cells[0].text for row in knows.every.rows}
    assert {"NLL ↓", "Brier score ↓", "PRR ↑"} <= labels
    (nll,) = [row for row in knows.every.rows if row.cells[0].text == "NLL ↓"]
    assert len(nll.cells[1].text.split(".")[1]) == 3, "nats have three digits"
    blank = "worst 5 % of images ↑"  # of 20 images or more
    assert blank not in {row.cells[0].text for row in where.every.rows}


def test_the_page_shows_every_score_that_has_a_value(panel):
    (row,) = panel.models
    shown = [column.name for column in panel_ranking(panel).columns]
    for section in (failure_section(panel), confidence_section(panel)):
        shown += [each.cells[0].text.rstrip(" ↑↓") for each in section.every.rows]
    for key, score in row.scores.by_key.items():
        if key != RANKING_SCORE and not math.isnan(score.summary.mean[0]):
            assert shown.count(score.info.label) == 1, key


def test_chief_scores_stand_in_their_order(panel):
    labels = [row.cells[0].text.rstrip(" ↑↓") for row in failure_section(panel).chief.rows]
    assert labels == [
        "boundary mIoU, 4 px",
        "interior mIoU, 4 px",
        "recall of small objects",
        "recall of large objects",
        "IoU of vulnerable road users",
        "missed persons",
        "mIoU of the worst corruption",
    ]


def test_the_finding_says_both(panel, table):
    text = finding([panel])
    near = value(table, "boundary_miou_4", "clean"), value(table, "boundary_miou_4", None)
    assert f"falls from {near[0]:.1f} on clean images to {near[1]:.1f}, elsewhere from" in text
    ece = value(table, "ece", "clean"), value(table, "ece", None)
    assert f"is off by {ece[0]:.1f} points on clean images and by {ece[1]:.1f} under" in text


def test_runs_without_such_scores_say_so(run):
    (panel,) = read_panels([run("alpha", images=2)])
    assert failure_section(panel) is None
    knows = confidence_section(panel)
    assert (knows.chief, knows.every) == (None, None)
    assert knows.without_scores == [
        "alpha: its runs did not record confidence; run robustseg evaluate again to add it."
    ]
    assert "ECE" not in finding([panel])
