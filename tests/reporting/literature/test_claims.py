import csv
from importlib import resources
from pathlib import Path

import pytest

from robustbench_seg.reporting.literature.catalogue import literature
from robustbench_seg.reporting.literature.claims import claims
from robustbench_seg.reporting.tables.formats import markdown

PAGE = Path(__file__).parents[3] / "docs" / "scores.md"


def cells(column):
    """One column of Table 5 as it stands in the file, by model."""
    folder = resources.files("robustbench_seg.content.reports") / "published"
    with (folder / "cityscapes_c.csv").open() as file:
        return {row["model"]: float(row[column]) for row in csv.DictReader(file)}


def test_the_gain_on_noise_is_right_for_one_row_only():
    noise = claims().iloc[0]
    assert (noise["claimed"], noise["rows_matching"]) == (588, "ICNet")
    assert round(100 * (57.8 / 8.4 - 1)) == 588
    assert noise["recomputed"] == pytest.approx(100 * (57.8 / 5.5 - 1))
    assert (round(noise["recomputed"]), noise["best_row"]) == (951, "GSCNN")


def test_the_gain_on_snow_is_right_for_none():
    snow = claims().iloc[1]
    assert (snow["claimed"], snow["rows_matching"]) == (295, "")
    assert (round(snow["recomputed"]), snow["best_row"]) == (546, "ICNet")
    gains = {model: 100 * (40.7 / cell - 1) for model, cell in cells("snow").items()}
    assert len(gains) == 13
    assert min(abs(gain - 295) for gain in gains.values()) > 30


def test_what_later_work_quotes_is_right():
    quoted = claims().iloc[2:]
    assert quoted["claimed"].tolist() == [65.8, 79.9]
    assert quoted["recomputed"].round(1).tolist() == [65.8, 79.9]
    assert set(quoted["rows_matching"]) == {"SegFormer-B5"}


def test_they_follow_the_published_table(monkeypatch):
    changed = literature()
    changed.loc[changed["model"] == "FCN8s", "snow"] = 40.7 / 3.95
    monkeypatch.setattr("robustbench_seg.reporting.literature.claims.literature", lambda: changed)
    assert claims()["rows_matching"].iloc[1] == "FCN8s"


def test_the_documentation_shows_them():
    assert markdown(claims().drop(columns=["kind", "model", "score"])) in PAGE.read_text(
        encoding="utf-8"
    )
