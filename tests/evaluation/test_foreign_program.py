"""A full study of a program that only uses NumPy and Pillow: generate, predict, evaluate."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import robustbench_seg as rs
from robustbench_seg.cli.main import main
from robustbench_seg.errors import ResultsError

PROGRAM = Path(__file__).parents[1] / "data/predictions/foreign.py"
SOME = ("--corruption", "fog", "--corruption", "gaussian_noise", "--severity", "2")
CLASS_OF_ID = {7: 0, 11: 2, 21: 8, 23: 10}


def command(*words):
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def study(tmp_path):
    """A Cityscapes root, its tree and the predictions of the foreign program."""
    root, tree, out = tmp_path / "city", tmp_path / "tree", tmp_path / "predictions"
    rs.write_minicity(root, "val", (64, 128), 5)
    command("generate-cityscapes-c", "--data", root, "--out", tree, "--workers", 1, *SOME)
    isolated = [sys.executable, "-I", PROGRAM, root, tree, out]
    subprocess.run(isolated, check=True, cwd=tmp_path)
    return root, tree, out


def expected(root, out):
    """The confusion matrices of the files in a folder of predictions, counted with NumPy."""
    found, table = {}, rs.open_dataset("cityscapes", root).files.table
    for path in sorted(out.glob("leftImg8bit/val/*/*.png")):
        if path.name.endswith(".confidence.png"):
            continue
        name = path.relative_to(out).as_posix()
        truth = name.replace("leftImg8bit/", "gtFine/", 1)
        truth = root / truth.replace("_leftImg8bit.png", "_gtFine_labelIds.png")
        ids, labels = np.asarray(Image.open(path)), table[np.asarray(Image.open(truth))]
        matrix = np.zeros((19, 19), int)
        for predicted, index in CLASS_OF_ID.items():
            for real in range(19):
                matrix[real, index] = ((labels == real) & (ids == predicted)).sum()
        found[name] = matrix
    return found


def test_the_counts_are_those_of_the_files(study, tmp_path):
    root, tree, out = study
    fixed = ["evaluate", "--model", f"predictions:{out}", "--data", root, *SOME]
    command(*fixed, "--corrupted", tree, "--out", tmp_path / "runs")
    table = rs.read_results(tmp_path / "runs").set_index(["image", "corruption", "severity"])
    assert len(table) == 5 * 3
    for corruption, severity in (("clean", 0), ("fog", 2), ("gaussian_noise", 2)):
        folder = out / corruption / str(severity)
        for name, matrix in expected(root, folder).items():
            assert np.array_equal(table["matrix"][name, corruption, severity], matrix)
    assert table["confidence"].notna().all()
    command(*fixed, "--out", tmp_path / "memory")  # the same images, corrupted in memory
    again = rs.read_results(tmp_path / "memory").set_index(["image", "corruption", "severity"])
    for key, row in table.iterrows():
        assert np.array_equal(row["matrix"], again["matrix"][key])
        assert np.array_equal(row["confidence"], again["confidence"][key])


def test_it_is_reported_beside_a_model(study, tmp_path, blank_figures):
    root, tree, out = study
    models = ["--model", f"predictions:{out}", "--model", "segformer-b0-minicity"]
    options = ["--data", root, "--corrupted", tree, "--out", tmp_path / "runs", "--threads", 1]
    command("evaluate", *models, *options, *SOME)
    command("report", tmp_path / "runs", "--out", tmp_path / "report", "--no-pictures")
    page = (tmp_path / "report/index.html").read_text()
    assert "foreign" in page
    table = rs.compare("segformer-b0-minicity", "foreign", runs=tmp_path / "runs")
    row = table[table["score"].eq("fog") & table["severities"].eq("2")].squeeze()
    assert row[["A", "B", "difference"]].notna().all()


def test_other_clean_images_are_noticed(study, tmp_path):
    root, _, out = study
    path = next(root.glob("leftImg8bit/val/*/*.png"))
    Image.fromarray(np.zeros((64, 128, 3), np.uint8)).save(path)
    with pytest.raises(
        ResultsError, match=r"manifest.json was generated from other images: leftImg8bit"
    ):
        rs.evaluate(model=f"predictions:{out}", data=root, out=tmp_path / "runs")
