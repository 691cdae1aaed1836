"""The images and labels that a description's globs find and pair."""

import pytest

from robustbench_seg.datasets import open_dataset
from robustbench_seg.errors import DatasetError
from tests.datasets.conftest import PLAIN, fill


def test_folders_of_any_depth_and_a_choice_of_suffixes(describe, put):
    text = PLAIN.replace("{split}/*.jpg", "**/rgb/*.{jpg,JPG,png}")
    text = text.replace("{split}/*_mask.png", "**/ids/*.{png,tif}")
    for value, name in enumerate(["rgb/1.JPG", "a/rgb/2.jpg", "a/b/rgb/3.png"]):
        put(f"photos/{name}")
        labels = name.replace("rgb", "ids")[:-4] + (".tif" if value == 1 else ".png")
        put(f"masks/{labels}", value)
    put("photos/a/.hidden/rgb/4.jpg")
    put("photos/a/other/5.jpg")
    dataset = open_dataset(describe(text), None)
    assert [(s.id, int(s.labels[0, 0])) for s in dataset] == [
        ("photos/a/b/rgb/3.png", 2),
        ("photos/a/rgb/2.jpg", 1),
        ("photos/rgb/1.JPG", 0),
    ]


def test_folders_are_searched_through_links_and_a_circle_of_them_ends(describe, put, tmp_path):
    put("elsewhere/day/1.jpg")
    put("more/2.jpg")
    (tmp_path / "photos").symlink_to("elsewhere")
    (tmp_path / "elsewhere/night").symlink_to("../more")
    (tmp_path / "elsewhere/day/up").symlink_to("..")
    for name in ("day/1", "night/2"):
        put(f"masks/{name}_mask.png", 1)
    text = PLAIN.replace("{split}/*", "**/*")
    assert open_dataset(describe(text), None).ids == ("photos/day/1.jpg", "photos/night/2.jpg")


def test_several_globs(describe, put):
    globs = 'images = ["front/*.jpg", "rear/*/*.png"]'
    for value, (image, labels) in enumerate(
        [("front/1.jpg", "ids/f1.png"), ("rear/a/1.png", "ids/a-r1.png")]
    ):
        put(image)
        put(labels, value)
    text = PLAIN.replace('images = "photos/{split}/*.jpg"', globs)
    text = text.replace('"masks/{split}/*_mask.png"', '["ids/f*.png", "ids/*-r*.png"]')
    dataset = open_dataset(describe(text), None)
    assert [(s.id, int(s.labels[0, 0])) for s in dataset] == [
        ("front/1.jpg", 0),
        ("rear/a/1.png", 1),
    ]
    one = PLAIN.replace('"photos/{split}/*.jpg"', '["front/*.jpg", "side/*.jpg"]')
    one = one.replace("masks/{split}/*_mask", "ids/f*")
    assert open_dataset(describe(one), None).ids == ("front/1.jpg",)


def test_labels_that_lie_among_the_images_are_no_images(describe, put):
    text = PLAIN.replace("photos/{split}/*.jpg", "all/*.png").replace("masks/{split}", "all")
    for name in ("1", "2"):
        put(f"all/{name}.png")
        put(f"all/{name}_mask.png", 1)
    assert open_dataset(describe(text), None).ids == ("all/1.png", "all/2.png")
    put("all/3_mask.png", 1)
    with pytest.raises(DatasetError, match=r"of 3 images in .* 1 have no labels; .*3_mask_mask"):
        open_dataset(describe(text), None)


def test_an_image_and_its_labels_are_one_pair(describe, put):
    fill(put, [0], "val", "7")
    put("photos/val/7.png")
    either = PLAIN.replace("*.jpg", "*.{jpg,png}")
    message = r"photos/val/7\.jpg and photos/val/7\.png have the same labels masks/val/7_mask\.png;"
    with pytest.raises(DatasetError, match=message):
        open_dataset(describe(either), None)
    put("masks/val/7_ids.png", 0)
    two = PLAIN.replace("_mask", "_{mask,ids}")
    message = (
        r"7\.jpg has more than one label file: masks/val/7_mask\.png and masks/val/7_ids\.png;"
    )
    with pytest.raises(DatasetError, match=message):
        open_dataset(describe(two), None)


def test_what_globs_leave_out_is_counted(describe, put, caplog):
    fill(put, [0], "val", "7")
    open_dataset(describe(), None)
    assert caplog.messages == []
    put("photos/val/8.JPG")
    put("photos/val/9.png")
    (put("photos/val/notes.png").with_name("notes.txt")).write_text("no image")
    for name in "abcd":
        put(f"masks/val/{name}_mask.png", 0)
    open_dataset(describe(), None)
    assert caplog.messages == [
        "quarry val: 3 image files skipped, because the globs have another suffix: "
        "photos/val/8.JPG, photos/val/9.png, photos/val/notes.png; to include them, add .JPG, "
        ".png to the globs",
        "quarry val: 4 label files without an image: masks/val/a_mask.png, masks/val/b_mask.png, "
        "masks/val/c_mask.png and 1 more",
    ]


def test_images_left_out_are_found_where_no_image_is_found(describe, put, caplog):
    text = PLAIN.replace("{split}", "*")
    fill(put, [0], "day")
    put("photos/night/8.JPG")
    open_dataset(describe(text), None)
    assert [text.split(";")[0] for text in caplog.messages] == [
        "quarry val: 1 image file skipped, because the globs have another suffix: "
        "photos/night/8.JPG"
    ]
