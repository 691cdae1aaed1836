"""A full disk: every command that writes prints one line with the path and exits with 2."""

import errno
import os

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from robustbench_seg.cli.main import main
from robustbench_seg.errors import FileError
from robustbench_seg.training.training_log import TrainingLog

MINICITY = ["--model", "segformer-b0-minicity", "--dataset", "minicity"]
NAMES = ["segformer-b0-minicity", "segformer-b0-minicity-untrained"]
SMALL = ["--iterations", "1", "--crop", "64x64", "--batch", "1"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs that can be compared."""
    out = tmp_path_factory.mktemp("runs")
    few = [*MINICITY, "--limit", "2", "--corruption", "clean", "--out", str(out)]
    for weights in ([], ["--weights", "none"]):
        assert CliRunner().invoke(main, ["evaluate", *few, *weights]).exit_code == 0
    return out


@pytest.fixture
def full_disk(monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)


@pytest.mark.parametrize(
    ("words", "file"),
    [
        (["evaluate", *MINICITY, "--limit", "1", "--corruption", "clean", "--out"], "run.json"),
        (["train", *MINICITY, *SMALL, "--out"], ""),
        (["erf", *MINICITY, "--images", "1", "--size", "64x64", "--out"], "erf"),
        (["cost", "--model", "segformer-b0-minicity", "--out"], ""),
        (["corruptions", "--preview", "photo.png", "--out"], "x.png"),
        pytest.param(
            ["weights", "export", "segformer-b0-minicity", "--onnx"],
            "x.onnx",
            marks=pytest.mark.slow,  # the exporter of torch is slow
        ),
        (["compare", *NAMES, "--runs", "runs", "--csv"], "x.csv"),
        (["report", "runs", "--no-pictures", "--out"], ""),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_every_command_names_the_file(tmp_path, monkeypatch, request, runs, words, file):
    monkeypatch.chdir(tmp_path)
    if "photo.png" in words:
        Image.fromarray(np.full((40, 48, 3), 90, np.uint8)).save("photo.png")
    words = [str(runs) if word == "runs" else word for word in words]
    if "export" in words:
        pytest.importorskip("onnxscript")
    out = tmp_path / (file if words[0] in ("corruptions", "weights", "compare") else "out")
    before = sorted(tmp_path.rglob("*"))
    request.getfixturevalue("full_disk")
    done = CliRunner().invoke(main, [*words, str(out)])
    assert done.exit_code == 2, done.output
    line = done.stderr.splitlines()[-1]
    assert line.startswith(f"robustseg: {out}")
    assert file in line
    assert line.endswith(
        "cannot be written: No space left on device; finished work is kept: fix this and run again"
    )
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path not in before] == []


def test_a_row_of_a_log_that_cannot_be_added_names_the_file(tmp_path):
    log = TrainingLog(tmp_path)
    (tmp_path / "log.csv").unlink()
    (tmp_path / "log.csv").mkdir()
    with pytest.raises(FileError, match=r"log\.csv cannot be written: Is a directory; finished"):
        log.add(1, 0.0, 0.1)
