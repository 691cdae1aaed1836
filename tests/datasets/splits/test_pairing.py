import os

import pytest

from robustbench_seg.datasets.classes.label_table import label_table
from robustbench_seg.datasets.image_files.root_folder import Provenance
from robustbench_seg.datasets.splits.label_forms import LabelForm
from robustbench_seg.datasets.splits.pairing import pair_files
from robustbench_seg.errors import DatasetError

PROVENANCE = Provenance("Things", "get them at https://example.org")
ONE, TWO = label_table({0: 0}), label_table({0: 1})
FORMS = [
    LabelForm(
        lambda image: f"one/{image}",
        ONE,
        companions=lambda image: [f"two/{image}", f"3/{image}"],
    ),
    LabelForm(lambda image: f"two/{image}", TWO),
]


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
        f"Things: {tmp_path / of} is a {kind}, not a file; remove or rename it"
    )


def test_files_that_belong_to_no_image_are_listed(tmp_path, put):
    for name in ("i/a.png", "i/b.jpg", "i/.hidden", "i/deep/c.png", "one/i/a.png", "two/i/a.png"):
        put(name, 0, format="PNG")
    put("one/i/z.png", 0)
    assert pair_files(tmp_path, ["i/a.png"], FORMS, PROVENANCE).left_out == (
        "i/b.jpg",
        "one/i/z.png",
    )


def test_a_form_that_is_whole_comes_before_one_that_is_not(tmp_path, put):
    for name in ("one/a.png", "two/a.png", "two/b.png"):
        put(name, 0)
    pairs = pair_files(tmp_path, ["a.png", "b.png"], FORMS, PROVENANCE)
    assert [item.labels for item in pairs.images] == ["two/a.png", "two/b.png"]
    assert pairs.table is TWO


def test_the_first_form_that_is_there_is_taken(tmp_path, put):
    put("two/a.png", 0)
    pairs = pair_files(tmp_path, ["a.png"], FORMS, PROVENANCE)
    assert (pairs.images[0].labels, pairs.images[0].companions) == ("two/a.png", ("two/a.png",))
    assert pairs.table is TWO
    put("one/a.png", 0)
    pairs = pair_files(tmp_path, ["a.png"], FORMS, PROVENANCE)
    assert (pairs.images[0].labels, pairs.images[0].companions) == (
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
