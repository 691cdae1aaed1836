"""Image and label files, and the images of a tree."""

import io

import numpy as np
import pytest
from mutations import damaged
from PIL import Image

from robustbench_seg import evaluate, generate_cityscapes_c, read_results
from robustbench_seg.datasets import open_dataset
from robustbench_seg.datasets.image_files.decoding import read_image, read_label_ids
from robustbench_seg.datasets.minicity import write_minicity
from robustbench_seg.trees import verify_tree
from robustbench_seg.trees.manifests.manifest import read_manifest
from tests.fuzz.conftest import randoms, seeds

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 40, 3), np.uint8)
IDS = np.random.default_rng(1).integers(0, 34, (24, 40), np.uint8)


def encoded(pixels, kind, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


IMAGES = {
    "png": encoded(PIXELS, "png"),
    "jpg": encoded(PIXELS, "jpeg", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"),
    "tif": encoded(PIXELS, "tiff", compression="tiff_lzw"),
    "bmp": encoded(PIXELS, "bmp"),
    "webp": encoded(PIXELS, "webp", lossless=True),
}
LABELS = {
    "png": encoded(IDS, "png"),
    "tif": encoded(IDS.astype(np.uint16), "tiff"),
}


@seeds(200, 4000)
@pytest.mark.parametrize("kind", IMAGES)
def test_an_image(attack, tmp_path, kind, seeds):
    path = tmp_path / f"1.{kind}"
    for seed, random in randoms(seeds, f"image {kind}"):
        done, data = damaged(IMAGES[kind], random)
        path.write_bytes(data)
        image = attack.read(seed, done, lambda: read_image(path))
        if image is not None and (image.dtype != np.uint8 or image.shape[2:] != (3,)):
            attack.fault(seed, done, f"an image of {image.dtype} {image.shape}")


@seeds(200, 4000)
@pytest.mark.parametrize("kind", LABELS)
def test_a_label_file(attack, tmp_path, kind, seeds):
    path = tmp_path / f"1.{kind}"
    for seed, random in randoms(seeds, f"labels {kind}"):
        done, data = damaged(LABELS[kind], random)
        path.write_bytes(data)
        ids = attack.read(seed, done, lambda: read_label_ids(path))
        if ids is not None and (ids.dtype.kind not in "iu" or ids.ndim != 2):
            attack.fault(seed, done, f"ids of {ids.dtype} {ids.shape}")


@pytest.fixture
def tree(tmp_path):
    """A dataset of one image, and its tree of one condition."""
    write_minicity(tmp_path / "data", size=(48, 64), count=1)
    data = open_dataset("cityscapes", tmp_path / "data")
    fog = {"corruptions": ["fog"], "severities": [3]}
    generate_cityscapes_c(out=tmp_path / "tree", dataset=data, workers=1, **fog)

    def score(out):
        def reds(image):
            return (image[..., 0] // 14).astype(np.uint8)

        runs = evaluate(
            model=reds,
            name="reds",
            classes=data.classes,
            version="1",
            mean=(0, 0, 0),
            std=(1, 1, 1),
            dataset=data,
            corrupted=tmp_path / "tree",
            out=tmp_path / out,
            **fog,
        )
        return read_results(runs[0].path)["matrix"].map(str).tolist()

    return tmp_path / "tree", score


@seeds(60, 1500)
def test_a_damaged_image_of_a_tree_is_not_scored(attack, tree, tmp_path, seeds):
    folder, score = tree
    (path,) = (folder / "fog/3").rglob("*_leftImg8bit.png")
    data, wanted = path.read_bytes(), score("right")
    for seed, random in randoms(seeds, "tree"):
        done, changed = damaged(data, random)
        path.write_bytes(changed)
        found = attack.read(seed, done, lambda s=seed: score(f"runs{s}"))
        if found is not None and found != wanted:
            attack.fault(seed, done, "another score")


@seeds(100, 2000)
def test_a_damaged_manifest(attack, tree, seeds):
    folder, _ = tree
    path = folder / "manifest.json"
    data, wanted = path.read_bytes(), read_manifest(folder)
    for seed, random in randoms(seeds, "manifest"):
        done, changed = damaged(data, random)
        path.write_bytes(changed)
        found = attack.read(seed, done, lambda: read_manifest(folder))
        if found is not None and found.files != wanted.files:
            attack.fault(seed, done, "other digests are read")
        attack.read(seed, f"{done}: verify", lambda: verify_tree(folder))
