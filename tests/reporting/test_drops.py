"""The drops of a report: clear against adverse conditions, against matrices summed by hand."""

import csv
import re

import numpy as np
import pytest

from robustbench_seg.measures import mean_iou
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.page_report import report
from robustbench_seg.store import Row, RunFolder

pytestmark = pytest.mark.usefixtures("blank_figures")


def adverse(condition, number):
    return f"rgb_anon/{condition}/val/GOPR1/GOPR1_frame_{number:06}_rgb_anon.png"


def clear(condition, number):
    return f"rgb_anon/{condition}/val_ref/GOPR1/GOPR1_frame_{number:06}_rgb_ref_anon.png"


@pytest.fixture
def write(tmp_path, run_record):
    """Write a run: {image: its confusion matrix}."""

    def make(dataset, matrices, model="m"):
        record = run_record(
            model,
            dataset=dataset,
            images=len(matrices),
            classes=tuple("xy"),
            fingerprint=str(sorted(matrices)),
        )
        folder = RunFolder.open(tmp_path / "runs", record)
        folder.add(0, [Row(i, CLEAN, {"confusion": m}) for i, m in matrices.items()])
        return folder.path

    return make


def confusion(right, wrong):
    return np.array([[right, wrong], [wrong, right]])


DARK = {adverse("fog", n): confusion(6 + n, 4 - n) for n in range(3)} | {
    adverse("night", n): confusion(5, 5 + n) for n in range(3)
}
LIGHT = {clear(c, n): confusion(9, 1 + n) for c in ("fog", "night") for n in (1, 2)}


def rows_of(page):
    """The rows of the table of drops, as words."""
    found = re.search(r'<table id="[^"]*-drops-table".*?</table>', page.read_text(), re.DOTALL)
    bodies = re.findall(r"<tr>(.*?)</tr>", found[0] if found else "", re.DOTALL)
    return [re.sub(r"<[^>]*>", " ", body).split() for body in bodies][1:]


def test_the_drop_is_paired_by_place(write, tmp_path):
    write("acdc", DARK)
    write("acdc-ref", LIGHT)
    page = report(tmp_path / "runs", tmp_path / "out", pictures=False)
    with (tmp_path / "out/tables/drops.csv").open(newline="") as file:
        rows = {row["dataset"]: row for row in csv.DictReader(file)}
    # For two classes with matrix [[r, w], [w, r]], mIoU = r / (r + 2 w); place 0 has no reference.
    fog = (100 * 18 / (18 + 2 * 5), 100 * 15 / (15 + 2 * 5))
    night = (100 * 18 / (18 + 2 * 5), 100 * 10 / (10 + 2 * 13))
    whole = (100 * 36 / (36 + 2 * 10), 100 * 25 / (25 + 2 * 18))
    assert mean_iou(confusion(15, 5)) == pytest.approx(fog[1])
    for dataset, (one, other), places in (
        ("acdc:fog", fog, 2),
        ("acdc:night", night, 2),
        ("acdc", whole, 4),
    ):
        row = rows.pop(dataset)
        assert [float(row[name]) for name in ("clear", "adverse", "drop")] == pytest.approx(
            [one, other, one - other], abs=1e-4
        )
        assert int(row["images"]) == places
        assert float(row["ci_low"]) <= float(row["drop"]) <= float(row["ci_high"])
        assert (row["model"], row["split"]) == ("m", "val")
    assert not rows
    assert [words[:6] for words in rows_of(page)] == [
        ["m", "acdc", "4", "64.3", "41.0", "23.3"],
        ["m", "acdc:fog", "2", "64.3", "60.0", "4.3"],
        ["m", "acdc:night", "2", "64.3", "27.8", "36.5"],
    ]
    assert 'href="#acdc-val-cityscapes-c-drops"' in page.read_text()


def test_without_references_there_is_no_table(write, tmp_path):
    write("acdc", DARK)
    write("acdc-ref", LIGHT, model="another")
    page = report(tmp_path / "runs", tmp_path / "out", pictures=False)
    assert rows_of(page) == []
    assert not (tmp_path / "out/tables/drops.csv").exists()
    assert "Clear against adverse conditions" not in page.read_text()


def test_each_drop_stands_by_its_model(write, tmp_path):
    better = {image: matrix + np.diag([20, 20]) for image, matrix in DARK.items()}
    for model, dark in (("m", DARK), ("n", better)):
        write("acdc", dark, model=model)
        write("acdc-ref", LIGHT, model=model)
    report(tmp_path / "runs", tmp_path / "out", pictures=False)
    with (tmp_path / "out/tables/drops.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["dataset"] == "acdc"]
    found = {row["model"]: float(row["adverse"]) for row in rows}
    # DARK has 25 right and 18 wrong pixels of each class at the four places.
    wanted = {"m": 100 * 25 / (25 + 2 * 18), "n": 100 * 105 / (105 + 2 * 18)}
    assert len(rows) == 2
    assert found == pytest.approx(wanted, abs=1e-4)


def test_a_single_place_has_no_interval(write, tmp_path):
    write("acdc", {image: m for image, m in DARK.items() if "fog" in image and "_000001_" in image})
    write("acdc-ref", LIGHT)
    page = report(tmp_path / "runs", tmp_path / "out", pictures=False)
    # 7 right and 3 wrong pixels of each class, and 9 right and 2 wrong ones of the reference.
    one, other = f"{100 * 9 / 13:.1f}", f"{100 * 7 / 13:.1f}"
    wanted = ["m", "acdc", "1", one, other, f"{100 * 2 / 13:.1f}"]
    assert wanted in rows_of(page)
