"""The page of runs under attack: its words, numbers and sections."""

import re

import numpy as np
import pandas as pd
import pytest

import robustbench_seg as rs
from robustbench_seg.measures import CONFIDENCE
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.reporting.comparison_report import Comparison
from robustbench_seg.reporting.panels import confidence_curves, read_panels
from tests.evaluation.attacks.conftest import ABOUT, Shade
from tests.evaluation.conftest import Toy

PROTOCOL = """
name = "three-radii"
version = "1"
source = "a test"
"""
ATTACK = """
[[attack]]
name = "{name}"
category = "{category}"
scored = [1, 2, 3]
averaged = {averaged}
severities = [{{ epsilon = 8{more} }}, {{ epsilon = 32{more} }}, {{ epsilon = 64{more} }}]
"""


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """A run of noise, the control, and of pgd; and its protocol."""
    folder = tmp_path_factory.mktemp("attacked")
    text = PROTOCOL + ATTACK.format(name="noise", category="control", averaged="false", more="")
    text += ATTACK.format(name="pgd", category="single", averaged="true", more=", steps = 3")
    protocol = folder / "three-radii.toml"
    protocol.write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["study.py"])  # pages show it as the command of the run
        (run,) = rs.evaluate(
            model=Shade(),
            name="shade",
            **ABOUT,
            dataset=Toy(3),
            protocol=protocol,
            out=folder / "runs",
        )
    page = rs.report([run.path], out=folder / "page", protocol=protocol)
    return run, protocol, page


def words(page):
    text = re.sub(r"(?s)<(script|style|svg).*?</\1>", "", page.read_text())
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_it_speaks_of_attacks(attacked):
    text = words(attacked[2]).split("How to read this")[1]
    shown = text.split("Provenance Where")[0]
    assert words(attacked[2]).lstrip().startswith("What attacks cost: 1 model")
    assert "orrupt" not in shown, re.findall(r".{60}orrupt.{20}", shown)
    assert "It is broken most" not in shown, "one attack is averaged: there is no choice"


def test_its_means_leave_out_what_is_not_averaged(attacked):
    run, protocol, page = attacked
    tables = page.parent / "tables"
    iou = pd.read_csv(tables / "per_class.csv")
    dark = iou[(iou["class"] == "dark") & (iou["corruption"] == "pgd")]["iou"].mean()
    row = re.search(r'label">dark</span></th>(.*?)</tr>', page.read_text(), re.DOTALL)
    cells = re.findall(r">([\d.]+)<", row[1])
    assert cells[1] == f"{dark:.1f}"
    (panel,) = read_panels([run.path], protocol=load_protocol(protocol))
    hard = panel.models[0].scored.hardest[0]
    rows = run.results()
    each = []
    for severity in (1, 2, 3):
        chosen = rows[
            (rows["image"] == hard.image)
            & (rows["corruption"] == "pgd")
            & (rows["severity"] == severity)
        ]
        (matrix,) = chosen["matrix"]
        union = matrix.sum(0) + matrix.sum(1) - np.diag(matrix)
        each.append(100 * np.mean(np.diag(matrix)[union > 0] / union[union > 0]))
    assert hard.mean == pytest.approx(np.mean(each))


def test_it_shows_the_radii_that_there_are(attacked):
    run, protocol, page = attacked
    assert "at severities 1, 2 and 3" in words(page)
    assert "not run" not in words(page)
    (panel,) = read_panels([run.path], protocol=load_protocol(protocol))
    curves = confidence_curves(panel.models[0], load_protocol(protocol), CONFIDENCE)
    assert curves.severities == (0, 2, 3)
    assert set(curves.all) == {0, 2, 3}
    (counts,) = [panel.models[0].scored.confidence[CONFIDENCE.name]]
    assert counts


def test_a_comparison_counts_attacks(attacked):
    run, protocol, _ = attacked
    comparison = Comparison.of_runs(str(run.path), str(run.path), protocol=protocol)
    assert "adjustment for 1 attack: A on 0, B on 0, open on 1" in comparison.text
    assert "\nworst attack " in comparison.text
    assert "orruption" not in comparison.text


def test_a_leaderboard_speaks_of_attacks(attacked, tmp_path):
    run, protocol, _ = attacked
    rs.leaderboard([run.path], out=tmp_path, protocol=protocol)
    board, model = sorted(tmp_path.glob("toy-val-*/**/*.html"), key=lambda path: len(path.parts))
    text = words(board).split("How to read this Ranks")[0]
    assert "orrupt" not in text, re.findall(r".{60}orrupt.{20}", text)
    assert "mean of pgd" in text
    assert "Each machine also attacked the images while it scored them" in text
    text = words(model)
    assert "Rank 1 of 1 by the mean over pgd:" in text
    assert "pgd ↑ attacks" in text
    for name in ("imagecorruptions-imaug", "versions of the corruptions and attacks"):
        text = text.replace(name, "")
    assert "orrupt" not in text, re.findall(r".{60}orrupt.{20}", text)


def test_a_protocol_shows_its_first_middle_and_last_severity():
    shown = {
        name: load_protocol(name).shown_severities for name in ("cityscapes-c", "attacks-robust")
    }
    assert shown == {"cityscapes-c": (1, 3, 5), "attacks-robust": (1, 3, 4)}
