"""A tree whose images are read: each image is compared with its description."""

import hashlib
import json

import numpy as np
import pytest
from PIL import Image

from robustbench_seg.datasets import read_image
from robustbench_seg.errors import DatasetError, TreeError
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.trees import generate_cityscapes_c
from robustbench_seg.trees.tree import open_tree

FOG = load_protocol().conditions(["fog"], [2])


@pytest.fixture
def folder(town, tmp_path):
    out = tmp_path / "out"
    generate_cityscapes_c(data=town.root, out=out, corruptions=["fog"], severities=[2], workers=1)
    return out


@pytest.fixture
def ids(town):
    return [image.id for image in town.images()]


def check(tree, image):
    name = f"fog/2/{image}"
    tree.check_image(name, read_image(tree.folder / name))


def blacken(folder, image):
    path = folder / "fog/2" / image
    Image.fromarray(np.zeros_like(read_image(path))).save(path)
    return path


def test_the_images_of_a_manifest_are_identified_by_their_pixels(folder, ids):
    tree = open_tree(folder, FOG, ids)
    assert tree.digest == json.loads((folder / "manifest.json").read_text())["digest"]
    path = folder / "fog/2" / ids[0]
    Image.open(path).save(path, compress_level=9)  # different bytes, same pixels
    check(tree, ids[0])
    blacken(folder, ids[1])
    with pytest.raises(DatasetError, match=r"\.png is not the image that the manifest describes; "):
        check(tree, ids[1])


def test_the_images_of_unknown_origin_are_identified_by_their_files(folder, ids):
    for name in ("manifest.json", ".recipe.json"):
        (folder / name).unlink()
    tree = open_tree(folder, FOG, ids)
    names = [f"fog/2/{image}" for image in ids]
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    known = json.dumps(files, sort_keys=True, separators=(",", ":"))
    assert (tree.record, tree.digest) == (None, hashlib.sha256(known.encode()).hexdigest())
    check(tree, ids[0])
    path = blacken(folder, ids[0])
    with pytest.raises(DatasetError) as caught:
        check(tree, ids[0])
    assert str(caught.value) == f"{path} has changed; evaluate again"
    with pytest.raises(DatasetError, match="has changed"):
        tree.check_image("fog/2/another.png", read_image(path))


def test_a_folder_that_does_not_exist_is_no_tree(tmp_path, ids):
    with pytest.raises(TreeError, match=r"has no manifest\.json and no \.recipe\.json"):
        open_tree(tmp_path / "gone", FOG, ids)
