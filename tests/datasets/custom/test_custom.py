import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustbench_seg.datasets import IGNORE, custom, image_size, open_dataset
from robustbench_seg.errors import CardError, DatasetError
from tests.datasets.conftest import PLAIN, fill


def test_without_a_label_map_ids_are_indices(describe, put):
    fill(put, [0, 1, 2, 255])
    dataset = open_dataset(describe(), None)
    assert (dataset.name, dataset.split) == ("quarry", "val")
    assert dataset.classes == ("ground", "rock", "machine")
    assert dataset.palette == ((128, 0, 0), (0, 128, 0), (128, 128, 0))  # of PASCAL VOC
    assert dataset.ids == ("photos/val/7.jpg",)
    assert dataset.clip == 1
    assert open_dataset(describe(PLAIN + "clip = 25"), None).clip == 25
    assert dataset[0].labels.tolist() == [[0, 1, 2, IGNORE]]
    fill(put, [3])
    with pytest.raises(DatasetError, match=r"7_mask\.png: label id 3 .* ids are 0\.\.2, 255;"):
        open_dataset(describe(), None)[0]


def test_a_label_map_by_name_and_by_index(describe, put):
    fill(put, [0, 1, 2, 7, 300, 9])
    text = PLAIN + (
        "ignore = [0, 9]\n[label_map]\n1 = 'ground'\n2 = 'ground'\n7 = 2\n300 = 'rock'\n"
    )
    dataset = open_dataset(describe(text), None)
    assert dataset[0].labels.tolist() == [[IGNORE, 0, 0, 2, 1, IGNORE]]
    fill(put, [255])
    with pytest.raises(DatasetError, match=r"label id 255 .* ids are 0\.\.2, 7, 9, 300;"):
        open_dataset(describe(text), None)[0]


def test_the_example_of_the_documentation_works(tmp_path, put):
    text = re.search(r"\n\n((?:    .*\n|\n)+)", custom.__doc__).group(1)
    path = tmp_path / "example.toml"
    path.write_text("\n".join(line.removeprefix("    ") for line in text.splitlines()))
    assert set(tomllib.loads(path.read_text())) == set(
        custom.DatasetDescription.__dataclass_fields__
    ) - {"list", "val_images", "classes_of", "label_colours"}
    fill(put, [0, 1, 2, 7, 8, 9, 255])
    dataset = open_dataset(str(path), None)
    assert dataset[0].labels.tolist() == [[IGNORE, 0, 0, 1, 2, 3, IGNORE]]
    assert dataset.palette[2] == (255, 170, 0)


def test_the_root_may_lie_elsewhere(tmp_path, describe, put):
    fill(put, [1], folder="elsewhere/")
    with pytest.raises(DatasetError, match=r"dataset quarry: no image photos/val/\*\.jpg in .*"):
        open_dataset(describe(), None)
    assert open_dataset(describe(), tmp_path / "elsewhere").ids == ("photos/val/7.jpg",)


def test_what_the_star_matched_pairs_the_files(describe, put):
    text = PLAIN.replace("{split}/*.jpg", "*/cam_*.jpg").replace("{split}/*_m", "*-*_m")
    for value, (folder, number) in enumerate([("a", "10"), ("a", "2"), ("dusk", "1")]):
        put(f"photos/{folder}/cam_{number}.jpg")
        put(f"masks/{folder}-{number}_mask.png", value)
    put("masks/c-1_mask.png", 0)  # labels without an image are ignored
    dataset = open_dataset(describe(text), None)
    assert [(s.id, int(s.labels[0, 0])) for s in dataset] == [
        ("photos/a/cam_10.jpg", 0),
        ("photos/a/cam_2.jpg", 1),
        ("photos/dusk/cam_1.jpg", 2),
    ]
    put("photos/dusk/cam_99.jpg")
    pattern = r"of 4 images in .* 1 have no labels; the first without: masks/dusk-99_mask\.png"
    with pytest.raises(DatasetError, match=pattern):
        open_dataset(describe(text), None)


@pytest.mark.parametrize("spelling", ["./photos/{split}/*.jpg", "photos//{split}/*.jpg"])
def test_paths_may_be_spelt_as_the_shell_takes_them(describe, put, spelling):
    fill(put, [0], "val", "7")
    text = PLAIN.replace("photos/{split}/*.jpg", spelling)
    assert open_dataset(describe(text), None).ids == ("photos/val/7.jpg",)


def test_splits_by_pattern_by_table_or_only_val(describe, put):
    fill(put, [0], "train", "1")
    fill(put, [0], "val", "2")
    assert open_dataset(describe(), None, "train").ids == ("photos/train/1.jpg",)

    tables = """
name = "quarry"
classes = ["ground", "rock", "machine"]
images = {train = "photos/val/*.jpg", val = "photos/train/*.jpg"}
labels = {train = "masks/val/*_mask.png", val = "masks/train/*_mask.png"}
"""
    assert open_dataset(describe(tables), None, "train").ids == ("photos/val/2.jpg",)
    with pytest.raises(DatasetError, match=r"images: unknown split 'vall'; did you mean 'val'\?"):
        open_dataset(describe(tables), None, "vall")

    single = PLAIN.replace("{split}", "val")
    assert open_dataset(describe(single), None).ids == ("photos/val/2.jpg",)
    with pytest.raises(DatasetError, match=r"images: unknown split 'train'\. Known: val"):
        open_dataset(describe(single), None, "train")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("name", "nam", "unknown key 'nam'; did you mean 'name'?"),
        ('name = "quarry"', "", "the key 'name' is missing"),
        ('"quarry"', '"my quarry"', "name 'my quarry' is part of file names; use letters, digits"),
        ('"quarry"', '"camvid"', "name 'camvid' belongs to a built-in dataset; choose another"),
        ('"rock"', '"ground"', "the class 'ground' is listed twice; list each once"),
        ('["ground", "rock", "machine"]', "[]", "0 classes; expected 1 to 254"),
        (
            '"photos/{split}/*.jpg"',
            "3",
            "images: expected str or list of str or table of str or list of",
        ),
        ('"photos/{split}/*.jpg"', "{val = 3}", "or table of str or list of str, got dict"),
        ('"photos/{split}/*.jpg"', "[]", "images: the list is empty; give a glob"),
        ("*.jpg", "?.jpg", "images: '?' in 'photos/val/?.jpg' is not supported; use only * and **"),
        ("*.jpg", "**.jpg", "images: ** in 'photos/val/**.jpg' matches folders only; write **/*"),
        ("/*.jpg", "/**", "images: ** in 'photos/val/**' matches folders only; write **/*"),
        (
            "*.jpg",
            "*.{jpg}",
            "images: {jpg} in 'photos/val/*.{jpg}' is not a choice of names; write",
        ),
        ("*.jpg", "{*,a}.jpg", "images: {*,a} in 'photos/val/{*,a}.jpg' is not a choice of names;"),
        ("*.jpg", "*.{jpg", "images: the braces in 'photos/val/*.{jpg' do not match; write"),
        ("*.jpg", "**/*.jpg", "must have the same number of *, and ** at the same places"),
        (
            '"masks/{split}/*_mask.png"',
            '["masks/{split}/*_mask.png", "masks/*.png"]',
            "1 globs of images and 2 of labels; give one glob of labels for each, or one for all",
        ),
        (
            "*.jpg",
            "7.jpg",
            "images: 'photos/val/7.jpg' has no *; write * for the part that differs between files",
        ),
        (
            "photos/",
            "/photos/",
            "images: '/photos/val/*.jpg' is outside the root of the dataset; use",
        ),
        (
            "masks/",
            "../masks/",
            "labels: '../masks/val/*_mask.png' is outside the root of the dataset;",
        ),
        (
            "*_mask",
            "*_*_mask",
            "must have the same number of *, and ** at the same places, because",
        ),
        (
            "name",
            "palette = [[0, 0, 0]]\nname",
            "palette: expected 3 colours, one for each class, got 1",
        ),
        (
            "name",
            "palette = [[0, 0, 0], [1, 1, 1], [0, 0, 256]]\nname",
            "palette[2][2] = 256 is out of range; give 0 to 255",
        ),
        ("name", "clip = 0\nname", "clip = 0 is out of range; give 1 or more"),
        ("name", "ignore = [70000]\nname", "ignore: 70000 is not an id; expected 0..65535"),
        (
            "name",
            "ignore = [2]\nname",
            "the id 2 is both ignored and a class; remove it from one of them",
        ),
        (
            "name",
            "label_map = {255 = 'rock'}\nname",
            "the id 255 is both ignored and a class, since 255 is ignored unless the file says "
            "ignore = []; remove it from one of them",
        ),
        ("name", "label_map = {}\nname", "label_map is empty; leave it out, or name the class of"),
        ("name", "label_map = {a = 1}\nname", "label_map: 'a' is not an id; expected 0..65535"),
        (
            "name",
            "label_map = {70000 = 1}\nname",
            "label_map: '70000' is not an id; expected 0..65535",
        ),
        ("name", "label_map = {1 = 'rok'}\nname", "label_map.1: unknown class 'rok'; did you me"),
        (
            "name",
            "label_map = {1 = 3}\nname",
            "label_map.1: expected a class name or an index 0..2",
        ),
        ("name", "label_map = {1 = true}\nname", "label_map.1: expected str or int, got bool"),
        ("name", "groups = {a = ['rok']}\nname", "groups.a: unknown class 'rok'; did you mean 'r"),
        (
            "name",
            "groups = {a = ['rock'], b = ['rock', 'rock']}\nname",
            "groups.b: the class 'rock' is listed twice; list each once",
        ),
        ("name", "groups = ['rock']\nname", "groups: "),
        ("name", "groups = {a = []}\nname", "groups.a: it has no classes; name its classes, or"),
        ("name", "persons = ['rok']\nname", "persons: unknown class 'rok'; did you mean 'rock'"),
    ],
)
def test_a_wrong_description(describe, put, before, after, message):
    fill(put, [0])
    path = describe(PLAIN.replace(before, after, 1))
    with pytest.raises(CardError, match=re.escape(message)) as caught:
        open_dataset(path, None)
    assert str(caught.value).startswith(path)
    assert "\n" not in str(caught.value)


def test_a_description_that_is_not_there(tmp_path):
    path = tmp_path / "none.toml"
    with pytest.raises(
        CardError, match=r"none\.toml: there is no such file; give the path of the desc"
    ):
        open_dataset(str(path), None)


def test_the_label_map_is_part_of_the_fingerprint(describe, put):
    fill(put, [0])
    plain = open_dataset(describe(), None).fingerprint
    mapped = open_dataset(describe(PLAIN + "label_map = {0 = 'rock'}"), None).fingerprint
    assert plain["contents"] == mapped["contents"]
    assert plain["classes"] != mapped["classes"]


def test_a_path_is_a_name(describe, put):
    path = describe()
    fill(put, [0, 1, 2])
    assert open_dataset(Path(path)).ids == open_dataset(path).ids


def test_operations_are_counted_at_the_size_that_a_file_says(describe):
    assert image_size(describe("image_size = [72, 128]\n" + PLAIN)) == (72, 128)
    assert image_size(describe()) is None
    assert image_size("gone.toml") is None
    assert image_size("acdc:fog") == image_size("cityscapes") == (1024, 2048)
    assert image_size("minicity") == open_dataset("minicity")[0].labels.shape


def test_an_orientation_is_applied_to_images_and_not_to_labels(describe, put):
    exif = Image.Exif()
    exif[0x0112] = 3  # half a turn
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:4] = 255
    put("photos/val/7.jpg", pixels, exif=exif, quality=100)
    labels = np.zeros((8, 16), np.uint8)
    labels[:4] = 1
    put("masks/val/7_mask.png", labels)
    with pytest.raises(DatasetError, match=r"7\.jpg: the image has the EXIF orientation 3"):
        open_dataset(describe(), None)[0]
    stored = open_dataset(describe(), None).fingerprint
    dataset = open_dataset(describe("apply_orientation = true\n" + PLAIN), None)
    assert dataset[0].image[:4].max() < 8
    assert dataset[0].image[4:].min() > 247
    np.testing.assert_array_equal(dataset[0].labels, labels)
    np.testing.assert_array_equal(dataset.image(0), dataset[0].image)
    assert dataset.fingerprint == stored | {"orientation": "applied"}
