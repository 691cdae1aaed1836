"""The pages of the studies have the scores of the result files next to them."""

import csv
import re
from pathlib import Path

STUDIES = Path(__file__).parents[1] / "docs" / "studies"
PAGE = (STUDIES / "minicity.md").read_text()
MODELS = ("segformer-b0-minicity", "deeplabv3plus-mobilenetv2-minicity")
ROWS = {
    "clean": ("miou", "clean", "0"),
    "noise, 1/255": ("miou", "noise", "3"),
    "PGD, 0.25/255": ("miou", "pgd", "1"),
    "PGD, 1/255": ("miou", "pgd", "3"),
    "CosPGD, 0.25/255": ("miou", "cospgd", "1"),
    "CosPGD, 1/255": ("miou", "cospgd", "3"),
    "SEA, 0.25/255": ("miou", "sea", "1"),
    "SEA, 0.5/255": ("miou", "sea", "2"),
    "SEA, 1/255": ("miou", "sea", "3"),
    "mean of SEA": ("mean", "", "scored"),
}
"""Maps a row of the page's table of attacks to metric, corruption and severities."""


def scores(name):
    with (STUDIES / name).open() as file:
        rows = list(csv.DictReader(file))
    keys = ("model", "metric", "corruption", "severities")
    return {tuple(row[key] for key in keys): row for row in rows if row["metric"] != "mean"} | {
        tuple(row[key] for key in keys): row for row in rows if row["severities"] == "scored"
    }


def text(row, with_interval):
    value, low, high = (f"{float(row[key]):.1f}" for key in ("value", "ci_low", "ci_high"))
    return f"{value} ({low} to {high})" if with_interval else value


def test_attacks_are_those_of_the_result_file():
    found = scores("minicity-attacks.csv")
    section = PAGE.split("## Attacks")[1].split("## Adaptation")[0]
    table = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|.*\|$", section, re.M)
    rows = {label.strip("*"): cells for label, *cells in table if label.strip("*") in ROWS}
    assert set(rows) == set(ROWS)
    for label, cells in rows.items():
        for model, cell in zip(MODELS, cells, strict=True):
            assert cell.replace("*", "") == text(found[model, *ROWS[label]], "(" in cell), label


def test_adaptation_is_that_of_the_result_file():
    found = scores("minicity-adaptation.csv")
    section = PAGE.split("## Adaptation")[1].split("## Shorter training")[0]
    segformer, deeplab = (
        {
            "mean": text(found[f"{model}-bn", "mean", "", "scored"], False),
            "clean": text(found[f"{model}-bn", "miou", "clean", "0"], False),
        }
        for model in MODELS
    )
    assert f"rises from 26.3 to {deeplab['mean']}" in section
    assert (
        f"its mean of 16 is {segformer['mean']} and its clean score {segformer['clean']}" in section
    )


INT8_ROWS = {
    "clean": ("clean", "clean"),
    "blur": ("category", "blur"),
    "noise": ("category", "noise"),
    "digital": ("category", "digital"),
    "weather": ("category", "weather"),
    "mean of 16": ("summary", "mean"),
    "retention": ("summary", "retention"),
}
"""Maps a row of the table in minicity-int8.md to kind and score of its result file."""


def test_int8_is_that_of_the_result_file():
    with (STUDIES / "minicity-int8.csv").open() as file:
        found = {(row["model_B"], row["kind"], row["score"]): row for row in csv.DictReader(file)}
    section = (STUDIES / "minicity-int8.md").read_text().split("## Results")[1]
    table = re.findall(r"^\| (\S.*?) \|(.*\(.*\).*\(.*\).*)\|$", section, re.M)
    rows = {label.strip("*"): cells.split(" | ") for label, cells in table}
    rows = {label: cells for label, cells in rows.items() if label in INT8_ROWS}
    assert set(rows) == set(INT8_ROWS)
    for label, cells in rows.items():
        for place, model in enumerate(MODELS):
            row = found[model, *INT8_ROWS[label]]
            low, high = (f"{float(row[key]):.2f}" for key in ("low", "high"))
            expected = [
                f"{float(row['B']):.1f}",
                f"{float(row['A']):.1f}",
                f"{float(row['difference']):.2f} ({low} to {high})",
            ]
            assert [cell.strip() for cell in cells[3 * place : 3 * place + 3]] == expected, label
