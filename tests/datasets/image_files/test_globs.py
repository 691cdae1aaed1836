"""Globs, compared with Python's own if it supports them."""

import glob as python
from pathlib import Path

import pytest

from robustbench_seg.datasets.image_files.globs import Glob, alternatives, matches
from robustbench_seg.errors import CardError

FILES = ["1.jpg", "a/1.jpg", "a/2.png", "a/b/1.jpg", "a/b/c/x1.jpg", "b/.h/1.jpg", "__MACOSX/1.jpg"]


@pytest.fixture
def files(tmp_path):
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


@pytest.mark.parametrize(
    "text",
    ["*.jpg", "*/*.jpg", "**/*.jpg", "a/**/*1.jpg", "**/b/**/*.jpg", "a/*", "**/x*", "c/**/*"],
)
def test_files_and_pieces_are_those_of_python(files, text):
    wanted = {
        Path(name).as_posix()
        for name in python.glob(text, root_dir=files, recursive=True)
        if "__MACOSX" not in name
    }
    assert set(matches(files, text)) == wanted
    glob = Glob(text)
    for path in wanted:
        pieces = glob.pieces(path)
        assert len(pieces) == len(glob.stars)
        assert glob.filled(pieces) == path
    assert all(glob.pieces(name) is None for name in {"1.jpg", "a/2.png"} - wanted)


def test_what_is_hidden_is_found_where_the_glob_spells_it(files):
    assert list(matches(files, "b/.h/*.jpg")) == ["b/.h/1.jpg"]
    assert list(matches(files, "**/.h/*.jpg")) == ["b/.h/1.jpg"]
    assert list(matches(files, "__MACOSX/*.jpg")) == ["__MACOSX/1.jpg"]


def test_braces_are_written_out():
    texts = [glob.text for glob in alternatives("{a,b}/*.{jpg,png,jpg}", "here")]
    assert texts == ["a/*.jpg", "a/*.png", "b/*.jpg", "b/*.png"]
    assert [glob.text for glob in alternatives("*{,_left}.png", "x")] == ["*.png", "*_left.png"]


@pytest.mark.parametrize(
    "text", ["*.{jpg}", "*.{jpg,png", "*.jpg,png}", "*.{a,{b,c}}", "{a/b,c}/*"]
)
def test_wrong_braces(text):
    with pytest.raises(CardError, match=r"here: .*; write .*\{jpg,png\}"):
        alternatives(text, "here")


@pytest.mark.parametrize(
    ("text", "png"),
    [
        ("a/*.jpg", "a/*.png"),
        ("a/*.tar.jpg", "a/*.tar.png"),
        ("a.b/*_rgb.png", "a.b/*_rgb.png"),
        ("a.b/*", None),
        ("a/*.*", None),
    ],
)
def test_a_glob_with_another_suffix(text, png):
    changed = Glob(text).with_suffix(".png")
    assert (changed and changed.text) == png
