"""A command replaces its own earlier output, and no other file; a wrong path is one line."""

import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from robustbench_seg.cli.main import main
from robustbench_seg.corruption.preview import check_sheet
from robustbench_seg.errors import FileError
from robustbench_seg.files import check_own
from robustbench_seg.records.values.ranges import MAX_SIDE

COST = ["cost", "--model", "segformer-b0-minicity", "--out"]


def run(*words):
    return CliRunner().invoke(main, list(map(str, words)))


def test_a_table_of_the_same_command_is_replaced_and_no_other_file(tmp_path):
    table, figure = tmp_path / "x.csv", tmp_path / "x.png"
    check_own(table, "model,", figure)
    figure.touch()
    with pytest.raises(FileError, match=r"x\.png exists and is not the output of this"):
        check_own(table, "model,", figure)
    for text in ("", "my notes\nmodel,\n", b"\xff\xfe"):
        table.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(FileError, match=r"x\.csv exists"):
            check_own(table, "model,", figure)
    table.write_text("model,architecture\n")
    check_own(table, "model,", figure)


def test_cost_replaces_its_own_files_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for _ in range(2):
        assert run(*COST, tmp_path).exit_code == 0
    (tmp_path / "cost.csv").write_text("mine")
    done = run(*COST, tmp_path)
    assert done.exit_code == 2
    assert "cost.csv exists" in done.stderr
    assert (tmp_path / "cost.csv").read_text() == "mine"
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_sheet_replaces_a_sheet_and_no_photo(tmp_path, suffix):
    photo, sheet = tmp_path / f"photo{suffix}", tmp_path / f"sheet{suffix}"
    Image.fromarray(np.full((40, 48, 3), 90, np.uint8)).save(photo)
    before = photo.read_bytes()
    for _ in range(2):
        done = run("corruptions", "--preview", photo, "--out", sheet)
        assert done.exit_code == 0, done.output
    done = run("corruptions", "--preview", photo, "--out", photo)
    assert done.exit_code == 2
    assert "exists and is not a preview sheet of this command" in done.stderr
    assert photo.read_bytes() == before
    with pytest.raises(FileError, match=r"name the preview sheet"):
        check_sheet(tmp_path / "sheet.pdf")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "the path is empty"),
        ("caf\udce9", r"cannot be stored in a record"),
        ("x\0y", "cannot be stored in a record"),
        ("a" * 300, "file name is too long"),
        ("file/x", "Not a directory"),
        ("a/" * 2500, "file name is too long"),
        ("file", "is a file"),
    ],
)
def test_a_path_that_cannot_be_is_one_line(tmp_path, monkeypatch, path, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    demo = ("generate-cityscapes-c", "--dataset", "minicity", "--corruption", "fog", "--out")
    for words in (COST, demo):
        done = run(*words, path)
        assert done.exit_code == 2, done.output
        assert not done.exception or isinstance(done.exception, SystemExit)
        assert message in done.stderr


WORDS = [
    (["evaluate", "--model", "segformer-b0-minicity", "--weights"], "weights"),
    (["erf", "--model", "segformer-b0-minicity", "--weights"], "weights"),
    (["weights", "export", "segformer-b0-minicity", "--onnx", "x.onnx", "--weights"], "weights"),
    (["train", "--model", "segformer-b0-minicity", "--out", "t", "--encoder"], "weights"),
    (["evaluate", "--model"], "model"),
    (["train", "--out", "t", "--model"], "model"),
    (["weights", "export", "--onnx", "x.onnx"], "model"),
]


@pytest.fixture
def no_network(monkeypatch):
    def asked(*_, **__):
        raise AssertionError("the network is asked")

    monkeypatch.setattr("socket.getaddrinfo", asked)
    monkeypatch.setattr("socket.socket.connect", asked)


@pytest.mark.parametrize(("words", "kind"), WORDS)
def test_a_word_that_is_no_model_and_no_weights_is_one_line(
    tmp_path, monkeypatch, no_network, words, kind
):
    monkeypatch.chdir(tmp_path)
    if words[0] in ("evaluate", "train", "erf"):
        words = [words[0], "--dataset", "minicity", *words[1:]]
    messages = {
        "http:x": "not a URL that can be downloaded",
        "file:///etc/passwd": "not a URL that can be downloaded",
        "a:b": "a:b: no weights: no such file",
        "C:\\x": "C:\\x: no weights: no such file",
        "../../x": "no weights: no such file",
        "": "the path is empty",
        "caf\udce9": "cannot be stored in a record",
        "x" * 5000: "file name is too long",
    }
    for word, message in messages.items():
        done = run(*words, word)
        assert done.exit_code == 2, done.output
        (line,) = (line for line in done.stderr.splitlines() if line.startswith("robustseg: "))
        assert len(line) < 2500
        assert (message if kind == "weights" else "unknown model '") in line
    assert list(tmp_path.iterdir()) in ([], [tmp_path / "t"])


@pytest.mark.parametrize(
    "word", ["hf:http://x", "hf:a:b", "hf:", "onnx:http://a/b", "onnx:a:b", "onnx:" + "x" * 5000]
)
def test_what_stands_behind_a_prefix_is_never_a_url(tmp_path, monkeypatch, no_network, word):
    monkeypatch.chdir(tmp_path)
    done = run("evaluate", "--dataset", "minicity", "--model", word)
    assert done.exit_code == 2, done.output
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("robustseg: "))
    assert len(line) < 300
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_no_text_is_one_line(tmp_path):
    out = ["--model", "segformer-b0-minicity", "--dataset", "minicity", "--out", tmp_path / "r"]
    for command in ("evaluate", "train"):
        done = run(command, *out, "--name", "caf\udce9")
        assert done.exit_code == 2
        assert r"name = 'caf\\udce9' is not UTF-8 text; choose another text" in done.stderr
    assert list(tmp_path.iterdir()) == []


SLOW_NAMES = [
    pytest.param(name, marks=pytest.mark.slow) for name in ("s3:x", "http:x", "-x", "%41")
]


@pytest.mark.parametrize("name", ["a b\n", *SLOW_NAMES])
def test_a_folder_may_have_any_name(tmp_path, monkeypatch, blank_figures, name):
    monkeypatch.chdir(tmp_path)
    assert run(*COST, f"./{name}" if name.startswith("-") else name).exit_code == 0
    words = ["evaluate", "--dataset", "minicity", "--limit", "1", "--corruption", "clean"]
    words += ["--model", "segformer-b0-minicity", f"--out={name}/runs"]
    for _ in range(2):
        done = run(*words)
        assert done.exit_code == 0, done.output
    assert run("report", f"./{name}/runs", f"--out={name}/report").exit_code == 0


@pytest.mark.parametrize(
    ("words", "least", "most"),
    [
        (["train", "--threads"], 1, 1024),
        (["evaluate", "--workers"], 1, 256),
        (["generate-cityscapes-c", "--workers"], 1, 256),
        (["train", "--workers"], 0, 256),
        (["train", "--batch"], 1, 65_536),
        (["train", "--iterations"], 1, 10**9),
        (["train", "--seed"], 0, 2**63 - 1),
        (["cost", "--repeat"], 0, 10_000),
        (["erf", "--images"], 1, 100_000),
        (["ablation", "width", "--gpus"], 1, 1024),
    ],
)
def test_numbers_beyond_a_bound_are_named(words, least, most):
    for number in (least - 1, most + 1):
        done = run(*words, number)
        assert done.exit_code == 2
        assert f"{number} is not in the range {least}<=x<={most}" in done.stderr


def test_sizes_beyond_a_bound_are_named():
    for size in (f"{MAX_SIDE + 1}x1", f"{MAX_SIDE}x{MAX_SIDE}"):
        done = run("cost", "--size", size)
        assert done.exit_code == 2
        assert "sides of 1 to 32768 pixels, and at most" in done.stderr


@pytest.mark.parametrize("table", ["pipe", "/dev/zero"])
def test_what_is_no_file_is_never_read_to_learn_whose_it_is(tmp_path, table):
    if table == "pipe":
        table = tmp_path / table
        os.mkfifo(table)
    with pytest.raises(FileError, match="exists and is not the output"):
        check_own(Path(table), "model,")
