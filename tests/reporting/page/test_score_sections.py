"""The sections of further scores, on a run of a network: they hold what the table has."""

import json
import math
import re
from html import unescape

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import robustbench_seg as rs
from robustbench_seg.datasets.minicity import Minicity
from robustbench_seg.reporting.boards.board_scores import board_scores
from robustbench_seg.reporting.html.ranking_table import cost_columns
from robustbench_seg.reporting.page.page import write_page
from robustbench_seg.reporting.page.panel_ranking import panel_ranking
from robustbench_seg.reporting.page.score_sections import (
    confidence_section,
    failure_section,
    score_definitions,
)
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
    for cell in row.cells[1:]:
        assert cell.title == f"95 % interval {' to '.join(cell.ends)}"
    assert row.cells[0].title, "the definition"


def test_the_details_hold_every_score(panel):
    where, knows = failure_section(panel), confidence_section(panel)
    assert len(where.every.rows) > len(where.chief.rows)
    labels = {row.cells[0].text for row in knows.every.rows}
    assert {"NLL ↓", "Brier score ↓", "PRR ↑"} <= labels
    (nll,) = [row for row in knows.every.rows if row.cells[0].text == "NLL ↓"]
    assert len(nll.cells[1].text.split(".")[1]) == 3, "nats have three digits"
    blank = "worst 5 % of images ↑"  # needs 20 images or more
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
        "IoU of group vulnerable road users",
        "missed persons",
        "mIoU of the worst corruption",
    ]


def test_the_finding_says_both(panel, table):
    text = finding([panel])
    near = value(table, "boundary_miou_4", "clean"), value(table, "boundary_miou_4", None)
    assert f"changes from {near[0]:.1f} on clean images to {near[1]:.1f}, elsewhere from" in text
    ece = value(table, "ece", "clean"), value(table, "ece", None)
    assert f"is off by {ece[0]:.1f} points on clean images and by {ece[1]:.1f} under" in text


def test_each_score_and_abbreviation_of_a_table_has_a_definition(panel, tmp_path, blank_figures):
    html = unescape(write_page([panel], tmp_path / "report", pictures=False).read_text())
    words = html[html.index('<dl class="words">') :]
    terms = re.findall(r"<dt>(.*?)</dt>", words)
    defined = {part for term in terms for part in term.split(", ")} | set(terms)
    tables = dict(re.findall(r'<table id="[^"]+?-(\w+)-table"(.*?)</table>', html, re.S))
    assert {"ranking", "corruptions", "classes", "where", "knows", "all"} <= set(tables)
    for name in ("where", "knows"):
        labels = re.findall(r'<span class="label">(.*?)</span>', tables[name])
        assert labels
        for label in labels:
            score = label.rstrip(" ↑↓").removesuffix(", scaled")
            assert score in defined or f"{score} or attack" in defined, label
    every = [each.cells[0].text for each in failure_section(panel).every.rows]
    every += [each.cells[0].text for each in confidence_section(panel).every.rows]
    assert {each.rstrip(" ↑↓") for each in every} - {"mIoU of the worst corruption"} <= defined
    heads = [
        each
        for table in tables.values()
        for each in re.findall(r"<th scope=\"col\"[^>]*>(.*?)<", table)
    ]
    heads += [column.header.name for column in cost_columns("")]  # this run has none of them
    heads += [label for _, label, *_ in json.loads(re.search(r"data-metrics='(.*?)'", html)[1])]
    short = {word for head in heads for word in re.findall(r"\w*[A-Z]\w*[A-Z]\w*|\w+/\w+", head)}
    assert {"GMAC", "mIoU", "ECE", "AUROC"} <= short
    assert short <= {word for term in terms for word in re.split(r",? ", term)}


def test_a_leaderboard_has_the_same_labels(panel):
    found = {
        score.label: score for score, _ in board_scores(panel.models[0].scored, panel.protocol)
    }
    for section in (failure_section(panel), confidence_section(panel)):
        for row in section.every.rows:
            label, definition = row.cells[0].text.rstrip(" ↑↓"), row.cells[0].title
            if label != "mIoU of the worst corruption":
                assert found[label].definition == definition


def test_scores_that_only_the_screen_shows_are_defined_only_there(panel):
    found = {each.term: each.is_printed for each in score_definitions(panel)}
    assert found["ECE"]
    assert found["recall of small objects"]
    assert not found["NLL"]
    assert not found["recall of medium objects"]


def test_runs_without_such_scores_say_so(run):
    (panel,) = read_panels([run("alpha", images=2)])
    assert failure_section(panel) is None
    knows = confidence_section(panel)
    assert (knows.chief, knows.every) == (None, None)
    assert knows.without_scores == [
        "alpha: its runs did not record confidence; run robustseg evaluate again to add it."
    ]
    assert "ECE" not in finding([panel])
