import os

import pytest

from robustbench_seg.datasets.label_table import label_table
from robustbench_seg.datasets.pairs import (
    LabelForm,
    Provenance,
    checked_root,
    find_images,
    pair_files,
)
from robustbench_seg.errors import DatasetError

PROVENANCE = Provenance("Things", "get them at https://example.org")
ONE, TWO = label_table({0: 0}), label_table({0: 1})
FORMS = [
    LabelForm(lambda image: f"one/{image}", ONE, lambda image: [f"two/{image}", f"3/{image}"]),
    LabelForm(lambda image: f"two/{image}", TWO),
]


def test_a_missing_root(tmp_path):
    with pytest.raises(DatasetError) as caught:
        checked_root(None, PROVENANCE)
    assert str(caught.value) == (
        "Things needs its root folder: give one; get them at https://example.org"
    )
    with pytest.raises(DatasetError, match=r"give one or set \$THINGS; get them"):
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
    # A folder that the glob spells is meant.
    assert find_images(tmp_path, [".cache/*.png"], PROVENANCE) == [".cache/1.png"]


@pytest.mark.parametrize(("make", "kind"), [(os.mkfifo, "pipe"), (os.mkdir, "folder")])
@pytest.mark.parametrize("of", ["a.png", "one/a.png"])
def test_a_pipe_or_folder_is_named_before_anything_is_read(tmp_path, put, make, kind, of):
    for name in ("a.png", "one/a.png"):
        put(name, 0)
    (tmp_path / of).unlink()
    make(tmp_path / of)
    with pytest.raises(DatasetError) as caught:
        pair_files(tmp_path, ["a.png"], FORMS, PROVENANCE)
    assert str(caught.value) == (
        f"Things: {tmp_path / of} is not a file but a {kind}; remove or rename it"
    )


def test_files_that_belong_to_no_image_are_listed(tmp_path, put):
    for name in ("i/a.png", "i/b.jpg", "i/.hidden", "i/deep/c.png", "one/i/a.png", "two/i/a.png"):
        put(name, 0, format="PNG")
    put("one/i/z.png", 0)
    assert pair_files(tmp_path, ["i/a.png"], FORMS, PROVENANCE).left_out == (
        "i/b.jpg",
        "one/i/z.png",
    )


def test_a_name_that_cannot_be_written_down_is_refused(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.png")).write_bytes(b"")
    with pytest.raises(DatasetError, match=r"name 'caf\\udce9\.png' in .* is not UTF-8; rename"):
        find_images(tmp_path, ["*.png"], PROVENANCE)


def test_a_form_that_is_whole_comes_before_one_that_is_not(tmp_path, put):
    for name in ("one/a.png", "two/a.png", "two/b.png"):
        put(name, 0)
    pairs = pair_files(tmp_path, ["a.png", "b.png"], FORMS, PROVENANCE)
    assert [item.labels for item in pairs.items] == ["two/a.png", "two/b.png"]
    assert pairs.table is TWO


def test_the_first_form_that_is_there_is_taken(tmp_path, put):
    put("two/a.png", 0)
    pairs = pair_files(tmp_path, ["a.png"], FORMS, PROVENANCE)
    assert (pairs.items[0].labels, pairs.items[0].companions) == ("two/a.png", ("two/a.png",))
    assert pairs.table is TWO
    put("one/a.png", 0)
    pairs = pair_files(tmp_path, ["a.png"], FORMS, PROVENANCE)
    assert (pairs.items[0].labels, pairs.items[0].companions) == (
        "one/a.png",
        ("one/a.png", "two/a.png"),
    )
    assert pairs.table is ONE


def test_missing_labels_are_counted_and_the_first_is_named(tmp_path, put):
    images = ["a.png", "b.png", "c.png"]
    with pytest.raises(DatasetError) as caught:
        pair_files(tmp_path, images, FORMS, PROVENANCE)
    assert str(caught.value) == (
        f"Things: of 3 images in {tmp_path} none has labels; the first without: one/a.png "
        "(of a.png); get them at https://example.org"
    )
    put("one/a.png", 0)
    put("two/b.png", 0)
    with pytest.raises(DatasetError) as caught:
        pair_files(tmp_path, images, FORMS, PROVENANCE)
    assert str(caught.value) == (
        f"Things: of 3 images in {tmp_path} 2 have no labels; the first without: one/b.png "
        "(of b.png); get them at https://example.org"
    )
