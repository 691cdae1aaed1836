"""verify names changed files and states how they differ."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from robustbench_seg.errors import CardError, TreeError
from robustbench_seg.records.values.verification import Problem
from robustbench_seg.trees.verification import verify_tree
from robustbench_seg.trees.writing.write_tree import write_tree

FOG = "fog/5/leftImg8bit/val/ulm/ulm_1_leftImg8bit.png"


@pytest.fixture
def tree(town, tmp_path):
    write_tree(town.plan(tmp_path / "out"))
    return tmp_path / "out"


def test_a_tree_as_it_was_made_has_no_problem(tree):
    seen = []
    assert verify_tree(tree, seen.append).problems == ()
    assert sum(seen) == 18


def test_a_flipped_bit_is_found(tree):
    data = bytearray((tree / FOG).read_bytes())
    data[len(data) // 2] ^= 1
    (tree / FOG).write_bytes(data)
    (problem,) = verify_tree(tree).problems
    assert (problem.path, problem.kind) == (FOG, "altered")


def test_other_pixels_and_other_bytes_are_told_apart(tree):
    with Image.open(tree / FOG) as image:
        pixels = np.array(image)
    Image.fromarray(pixels).save(tree / FOG, compress_level=0)
    (problem,) = verify_tree(tree).problems
    assert str(problem) == f"altered: {FOG} (other bytes, but the same pixels)"
    pixels[0, 0, 0] ^= 1
    Image.fromarray(pixels).save(tree / FOG)
    (problem,) = verify_tree(tree).problems
    assert str(problem) == f"altered: {FOG} (other pixels)"


def test_missing_and_foreign_files_are_named_in_order(tree):
    (tree / FOG).unlink()
    (tree / "fog/5/stranger.txt").touch()
    (tree / "a_link").symlink_to(tree.parent)
    assert verify_tree(tree).problems == (
        Problem("a_link", "foreign"),
        Problem(FOG, "missing"),
        Problem("fog/5/stranger.txt", "foreign"),
    )


def test_links_are_checked(tree, town):
    (tree / "fog/1/gtFine").unlink()
    (tree / "fog/5/gtFine").unlink()
    (tree / "fog/5/gtFine").symlink_to("/")
    (tree / "contrast/1/gtFine").unlink()
    (tree / "contrast/1/gtFine").mkdir()
    assert [str(problem) for problem in verify_tree(tree).problems] == [
        "altered: contrast/1/gtFine (no link)",
        "missing: fog/1/gtFine",
        "altered: fog/5/gtFine (leads to /, not ../../../town/gtFine)",
    ]


def test_a_source_that_has_moved_away_is_told(tree, town):
    town.root.rename(town.root.with_name("gone"))
    problems = verify_tree(tree).problems
    assert len(problems) == 6
    assert str(problems[0]) == (
        "missing: contrast/1/gtFine (the source's ../../../town/gtFine is missing)"
    )


def test_a_folder_without_manifest_is_one_line(tmp_path):
    with pytest.raises(
        TreeError, match=r"has no manifest\.json and no \.recipe\.json, so it is not a tree"
    ):
        verify_tree(tmp_path)
    (tmp_path / ".recipe.json").touch()
    with pytest.raises(TreeError, match=r"has no manifest\.json, so it is not finished; run"):
        verify_tree(tmp_path)


def test_a_damaged_manifest_is_one_line(tree):
    path = tree / "manifest.json"
    table = json.loads(path.read_text())
    del table["seed"]
    path.write_text(json.dumps(table))
    with pytest.raises(TreeError, match=r"manifest\.json was altered"):
        verify_tree(tree)
    del table["digest"]
    path.write_text(json.dumps(table | {"format": 2}))  # a format without seed
    with pytest.raises(CardError, match=r"manifest\.json: the key 'seed' is missing"):
        verify_tree(tree)
    path.write_text("{")
    with pytest.raises(TreeError, match=r"manifest\.json cannot be read"):
        verify_tree(tree)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_an_unreadable_file_is_told(tree):
    (tree / FOG).chmod(0)
    (problem,) = verify_tree(tree).problems
    assert "cannot be read" in str(problem)
