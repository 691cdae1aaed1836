"""Every folder of a tree is a dataset, also for a dataset described by a TOML file."""

import tomllib

import numpy as np
import pytest
from PIL import Image

from robustbench_seg.datasets import open_dataset
from robustbench_seg.records.values.shard import Shard
from robustbench_seg.trees.generate import generate_cityscapes_c
from robustbench_seg.trees.verification import verify_tree

CLASSES = """
classes = ["ground", "rock"]
ignore = [9]
clip = 3
apply_orientation = true
groups = {all = ["ground", "rock"]}
[label_map]
4 = "ground"
300 = "rock"
"""


@pytest.fixture
def quarry(tmp_path):
    """Write a dataset: its description, and images and labels by their paths."""

    def write(text, pairs):
        root = tmp_path / "quarry"
        for seed, (image, labels) in enumerate(pairs.items()):
            rng = np.random.default_rng(seed)
            pixels = Image.fromarray(rng.integers(0, 256, (40, 48, 3), np.uint8))
            ids = Image.fromarray(rng.choice(np.array([4, 9, 300], np.uint16), (40, 48)))
            for path, picture in ((root / image, pixels), (root / labels, ids)):
                path.parent.mkdir(parents=True, exist_ok=True)
                picture.save(path)
        (root / "mine.toml").write_text(f'name = "quarry"\n{text}{CLASSES}')
        return root / "mine.toml"

    return write


LAYOUTS = {
    "suffix": (
        'images = "photos/{split}/*.jpg"\nlabels = "masks/{split}/*_m.png"',
        {"photos/val/1.jpg": "masks/val/1_m.png", "photos/val/2.jpg": "masks/val/2_m.png"},
    ),
    "suffixes and folders": (
        'images = "photos/**/*.{jpg,JPG,png}"\nlabels = "masks/**/*.{png,tif}"',
        {
            "photos/1.jpg": "masks/1.png",
            "photos/a/2.JPG": "masks/a/2.tif",
            "photos/a/b/3.png": "masks/a/b/3.png",
        },
    ),
    "labels among images": (
        'images = "{split}/*.jpg"\nlabels = "{split}/*_m.png"',
        {"val/1.jpg": "val/1_m.png", "val/2.jpg": "val/2_m.png"},
    ),
    "several": (
        'images = ["a/*.jpg", "b/*.webp"]\nlabels = ["ids/a*.png", "ids/b*.png"]',
        {"a/1.jpg": "ids/a1.png", "b/1.webp": "ids/b1.png"},
    ),
    "no suffix": ('images = "rgb/*"\nlabels = "ids/*"', {"rgb/1.png": "ids/1.png"}),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_folder_is_read_back(layout, quarry, tmp_path, caplog):
    path = quarry(*LAYOUTS[layout])
    out = tmp_path / "out"
    options = {"dataset": path, "corruptions": ["contrast", "fog"], "severities": [2]}
    generate_cityscapes_c(out=out, workers=1, **options)
    source = open_dataset(path)
    for name in ("contrast", "fog"):
        found = open_dataset(out / name / "2/quarry.toml")
        assert found.name == f"quarry-{name}-2"
        pngs = tuple(image.rsplit(".", 1)[0] + ".png" for image in source.ids)
        assert found.ids == pngs
        assert found.classes == source.classes
        assert (found.clip, found.facts.groups) == (source.clip, source.facts.groups)
        for here, there in zip(found, source, strict=True):
            np.testing.assert_array_equal(here.labels, there.labels)
            assert (here.image != there.image).any()
    assert caplog.messages == []  # nothing is left out
    assert verify_tree(out).problems == ()


@pytest.mark.parametrize("lines", ["1\n3\n", "JPEGImages/1.jpg\n/JPEGImages/3.jpg\n"])
def test_a_list_comes_with_the_folder(lines, quarry, tmp_path):
    pairs = {f"JPEGImages/{n}.jpg": f"SegmentationClass/{n}.png" for n in "123"}
    path = quarry(
        'images = "JPEGImages/*.jpg"\nlabels = "SegmentationClass/*.png"\n'
        'list = "ImageSets/Segmentation/{split}.txt"',
        pairs,
    )
    names = path.parent / "ImageSets/Segmentation/train.txt"
    names.parent.mkdir(parents=True)
    names.write_text(lines)
    out = tmp_path / "out"
    options = {"corruptions": ["contrast"], "severities": [1], "workers": 1}
    generate_cityscapes_c(out=out, dataset=path, split="train", **options)
    found = open_dataset(out / "contrast/1/quarry.toml", split="train")
    assert found.ids == ("JPEGImages/1.png", "JPEGImages/3.png")
    assert found[0].labels.shape == (40, 48)
    assert verify_tree(out).problems == ()
    assert (names.read_text(), names.is_symlink()) == (lines, False)


def test_the_list_of_a_folder_does_not_replace_a_list_of_the_source(quarry, tmp_path):
    path = quarry(
        'images = "i/*.jpg"\nlabels = "l/*.png"\nlist = "images-of-quarry.txt"',
        {"i/1.jpg": "l/1.png"},
    )
    names = path.parent / "images-of-quarry.txt"
    names.write_text("i/1.jpg\n")
    out = tmp_path / "out"
    options = {"corruptions": ["contrast"], "severities": [1], "workers": 1}
    generate_cityscapes_c(out=out, dataset=path, **options)
    assert names.read_text() == "i/1.jpg\n"
    assert open_dataset(out / "contrast/1/quarry.toml").ids == ("i/1.png",)


def test_classes_of_a_known_dataset_are_written_out(quarry, tmp_path):
    path = quarry(*LAYOUTS["suffix"])
    path.write_text(f'name = "quarry"\nclasses_of = "cityscapes"\n{LAYOUTS["suffix"][0]}\n')
    for labels in path.parent.glob("masks/val/*"):
        Image.new("L", (48, 40), 7).save(labels)
    out = tmp_path / "out"
    generate_cityscapes_c(
        out=out, dataset=path, corruptions=["contrast"], severities=[1], workers=1
    )
    found, source = open_dataset(out / "contrast/1/quarry.toml"), open_dataset(path)
    assert (found.classes, found.facts.persons) == (source.classes, source.facts.persons)
    assert (found[0].labels == 0).all()


def test_shards_agree_and_an_altered_description_is_noticed(quarry, tmp_path):
    path, out = quarry(*LAYOUTS["suffix"]), tmp_path / "out"
    for index in (1, 2):
        generate_cityscapes_c(
            out=out,
            dataset=path,
            corruptions=["contrast"],
            severities=[1],
            workers=1,
            shard=Shard(index, 2),
        )
    assert verify_tree(out).problems == ()
    description = out / "contrast/1/quarry.toml"
    assert tomllib.loads(description.read_text())["images"] == {"val": ["photos/val/*.png"]}
    description.write_text(description.read_text() + "# mine\n")
    assert list(map(str, verify_tree(out).problems)) == [
        "altered: contrast/1/quarry.toml (other bytes)"
    ]


def test_without_a_suffix_in_a_glob_there_is_no_description(quarry, tmp_path, caplog):
    path = quarry('images = "rgb/*"\nlabels = "ids/*.png"', {"rgb/1.jpg": "ids/1.jpg.png"})
    out = tmp_path / "out"
    generate_cityscapes_c(
        out=out, dataset=path, corruptions=["contrast"], severities=[1], workers=1
    )
    assert [m for m in caplog.messages if "no TOML files were written" in m]
    assert not list(out.rglob("*.toml"))
    assert verify_tree(out).problems == ()
