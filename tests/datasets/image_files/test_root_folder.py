import os

import pytest

from robustbench_seg.datasets.image_files.root_folder import Provenance, checked_root, find_images
from robustbench_seg.errors import DatasetError

PROVENANCE = Provenance("Things", "get them at https://example.org")


def test_a_missing_root(tmp_path):
    with pytest.raises(DatasetError) as caught:
        checked_root(None, PROVENANCE)
    assert str(caught.value) == (
        "Things needs its root folder: give it as data; get them at https://example.org; the "
        "dataset minicity needs no download"
    )
    with pytest.raises(DatasetError, match=r"give it as data or set \$THINGS; get them"):
        checked_root(None, PROVENANCE, "THINGS")
    with pytest.raises(DatasetError, match=r"Things: there is no folder .*/none; get them at"):
        checked_root(tmp_path / "none", PROVENANCE)


def test_images_are_sorted_relative_and_not_hidden(tmp_path, put):
    for name in ("b/2.png", "b/10.png", "a/3.png", "a/.3.png", "a/3.jpg", "c.png"):
        put(name)
    assert find_images(tmp_path, ["*/*.png", "a/*.png"], PROVENANCE) == [
        "a/3.png",
        "b/10.png",
        "b/2.png",
    ]
    with pytest.raises(DatasetError, match=r"Things: no image \*/\*\.gif or \*\.gif in .*; get"):
        find_images(tmp_path, ["*/*.gif", "*.gif"], PROVENANCE)


def test_files_of_hidden_folders_are_left_out(tmp_path, put):
    for folder in ("a", ".ipynb_checkpoints", "__MACOSX", ".cache"):
        put(f"{folder}/1.png")
    put("a/._1.png")
    assert find_images(tmp_path, ["*/*.png"], PROVENANCE) == ["a/1.png"]
    # A hidden folder that the glob names is not skipped.
    assert find_images(tmp_path, [".cache/*.png"], PROVENANCE) == [".cache/1.png"]


def test_a_name_that_cannot_be_written_down_is_refused(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.png")).write_bytes(b"")
    with pytest.raises(DatasetError, match=r"name 'caf\\udce9\.png' in .* is not UTF-8; rename"):
        find_images(tmp_path, ["*.png"], PROVENANCE)
