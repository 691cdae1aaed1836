import csv
import math
from importlib import resources
from pathlib import Path

import pandas as pd
import pytest

from robustbench_seg.reporting.literature.catalogue import literature
from robustbench_seg.reporting.literature.claims import GainClaim, claims
from robustbench_seg.reporting.tables.formats import markdown

PAGE = Path(__file__).parents[3] / "docs" / "scores.md"


def cells(column):
    """One column of Table 5 as it stands in the file, by model."""
    folder = resources.files("robustbench_seg.content.reports") / "published"
    with (folder / "cityscapes_c.csv").open() as file:
        return {row["model"]: float(row[column]) for row in csv.DictReader(file)}


def test_the_gain_on_noise_is_right_for_one_row_only():
    noise = claims()[0]
    assert (noise.claim.claimed, noise.rows_matching) == (588, ["ICNet"])
    assert round(100 * (57.8 / 8.4 - 1)) == 588
    assert noise.recomputed == pytest.approx(100 * (57.8 / 5.5 - 1))
    assert (round(noise.recomputed), noise.best_row) == (951, "GSCNN")


def test_the_gain_on_snow_is_right_for_none():
    snow = claims()[1]
    assert (snow.claim.claimed, snow.rows_matching) == (295, [])
    assert (round(snow.recomputed), snow.best_row) == (546, "ICNet")
    gains = {model: 100 * (40.7 / cell - 1) for model, cell in cells("snow").items()}
    assert len(gains) == 13
    assert min(abs(gain - 295) for gain in gains.values()) > 30


def test_what_later_work_quotes_is_right():
    quoted = claims()[2:]
    assert [each.claim.claimed for each in quoted] == [65.8, 79.9]
    assert [round(each.recomputed, 1) for each in quoted] == [65.8, 79.9]
    assert [each.rows_matching for each in quoted] == [["SegFormer-B5"]] * 2


def test_they_follow_the_published_table(monkeypatch):
    changed = literature()
    changed.loc[changed["model"] == "FCN8s", "snow"] = 40.7 / 3.95
    monkeypatch.setattr("robustbench_seg.reporting.literature.claims.literature", lambda: changed)
    assert claims()[1].rows_matching == ["FCN8s"]


def test_the_documentation_shows_them():
    rows = [
        {
            "claim": each.claim.text,
            "paper": each.claim.paper,
            "claimed": each.claim.claimed,
            "recomputed": each.recomputed,
            "best_row": each.best_row,
            "rows_matching": ", ".join(each.rows_matching),
        }
        for each in claims()
    ]
    assert markdown(pd.DataFrame(rows)) in PAGE.read_text(encoding="utf-8")


def test_a_gain_over_a_score_of_zero_is_infinite():
    gain = GainClaim("a paper", "m", "fog", 300)
    assert gain.numbers({"m": 40.0, "low": 10.0, "none": 0.0}) == {"low": 300.0, "none": math.inf}
