import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cityscapesscripts.helpers.labels import id2label, labels, trainId2label
from PIL import Image

from robustbench_seg.datasets import open_dataset
from robustbench_seg.datasets.minicity import SCENES, Minicity, write_minicity
from robustbench_seg.errors import DatasetError

CLASSES = 19
OFFICIAL = sorted((one.trainId, one.name) for one in labels if 0 <= one.trainId < CLASSES)

# The first training scene: grey levels of its 48x48 blocks, mean colour, shares of the classes.
TRAIN_0_GREY = (
    (89.9, 106.8, 123.8, 87.2, 108.6, 108.7, 119.5, 76.6),
    (78.6, 96.1, 110.5, 86.8, 100.8, 70.2, 130.9, 74.5),
    (68.0, 65.4, 69.5, 60.1, 68.1, 58.6, 51.8, 60.7),
    (60.6, 58.8, 57.9, 55.9, 63.5, 58.0, 56.9, 58.3),
)
TRAIN_0_COLOUR = (74.8, 82.0, 81.5)
TRAIN_0_SHARES = (
    0.455,
    0.0312,
    0.2677,
    0.0013,
    0.0,
    0.0024,
    0.0,
    0.0014,
    0.0015,
    0.0121,
    0.0874,
    0.0172,
    0.0019,
    0.0055,
    0.0605,
    0.0051,
    0.0448,
    0.0044,
    0.0006,
)


@pytest.fixture(scope="module")
def val():
    return list(Minicity("val"))


def pixels(sample) -> str:
    return hashlib.sha256(sample.image.tobytes() + sample.labels.tobytes()).hexdigest()


def per_class(samples) -> np.ndarray:
    """Pixels of each class in each scene: scenes x classes."""
    return np.stack([np.bincount(s.labels.ravel(), minlength=CLASSES) for s in samples])


# A dataset like any other


def test_it_has_the_classes_and_colours_of_cityscapes():
    assert Minicity.classes == tuple(name for _, name in OFFICIAL)
    assert Minicity.palette == tuple(trainId2label[index].color for index in range(CLASSES))


def test_it_is_a_sequence_in_the_layout_of_cityscapes(val):
    dataset = Minicity("val")
    assert (dataset.name, dataset.split, len(dataset)) == ("minicity", "val", 24)
    assert len(Minicity("train")) == 600
    assert dataset.ids[3] == "leftImg8bit/val/minicity/minicity_000003_000019_leftImg8bit.png"
    assert len(set(dataset.ids) | set(Minicity("train").ids)) == 624
    assert [sample.id for sample in val] == list(dataset.ids)
    for sample in val:
        assert (sample.image.shape, sample.image.dtype) == ((192, 384, 3), np.uint8)
        assert (sample.labels.shape, sample.labels.dtype) == ((192, 384), np.uint8)
    assert np.array_equal(dataset.image(5), val[5].image)
    assert dataset.companions(5) == {}
    with pytest.raises(IndexError):
        dataset[24]


def test_the_first_scenes(val):
    few = Minicity("val").first(2)
    assert few.ids == Minicity("val").ids[:2]
    assert [pixels(sample) for sample in few] == [pixels(sample) for sample in val[:2]]
    assert len(few.first(5)) == 5 == len(Minicity("val").first(5))
    assert len(Minicity("val").first(1000)) == 24


def test_the_fingerprint_tells_sizes_and_counts_apart():
    kinds = [Minicity(), Minicity(size=(64, 128)), Minicity().first(3)]
    prints = [str(sorted(dataset.fingerprint.items())) for dataset in kinds]
    assert len(set(prints)) == 3
    assert dict(Minicity().fingerprint) == {"version": 1, "size": [192, 384], "count": 24}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"split": "vall"},
            "minicity: unknown split 'vall'; did you mean 'val'? Known: train, val",
        ),
        ({"split": "test"}, "minicity: unknown split 'test'. Known: train, val"),
        (
            {"size": (8, 128)},
            "minicity: a size of 8x128 (height x width) is too small; give 16x16 or more",
        ),
        ({"count": 0}, "minicity: the number of images 0 is out of range; give 1 or more"),
    ],
)
def test_what_cannot_be_drawn(wrong, message):
    with pytest.raises(DatasetError) as caught:
        Minicity(**wrong)
    assert str(caught.value) == message


# The same scenes on every machine


def test_a_scene_depends_on_no_other_and_on_no_process(val):
    program = (
        "import hashlib; from robustbench_seg.datasets.minicity import Minicity\n"
        "d = Minicity('val')\n"
        "for i in (7, 0, 23):\n"
        "    s = d[i]\n"
        "    print(hashlib.sha256(s.image.tobytes() + s.labels.tobytes()).hexdigest())"
    )
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split() == [pixels(val[index]) for index in (7, 0, 23)]


def test_the_scenes_that_the_shipped_weights_were_trained_on():
    # A change here needs a new VERSION, and new weights.
    sample = Minicity("train")[0]
    blocks = sample.image.reshape(4, 48, 8, 48, 3).mean(axis=(1, 3, 4))
    assert blocks == pytest.approx(np.array(TRAIN_0_GREY), abs=0.5)
    assert sample.image.mean(axis=(0, 1)) == pytest.approx(np.array(TRAIN_0_COLOUR), abs=0.5)
    shares = np.bincount(sample.labels.ravel(), minlength=CLASSES) / sample.labels.size
    assert shares == pytest.approx(np.array(TRAIN_0_SHARES), abs=0.002)


def test_the_labels_are_those_that_recorded_runs_were_scored_on(val):
    """OpenCV 4.10 to 4.12 fill polygons otherwise."""
    labels = hashlib.sha256(b"".join(sample.labels.tobytes() for sample in val))
    assert labels.hexdigest()[:16] == "2f0299dcb3fce34e"


def test_no_scene_occurs_twice(val):
    train = [pixels(sample) for sample in Minicity("train").first(24)]
    assert len({*train, *(pixels(sample) for sample in val)}) == 48


@pytest.mark.parametrize("size", [(64, 128), (65, 131), (97, 64), (512, 1024)])
def test_any_size(size):
    sample = Minicity("val", size)[1]
    assert (sample.image.shape, sample.labels.shape) == ((*size, 3), size)
    assert sample.image.std() > 10
    assert int(sample.labels.max()) < CLASSES
    assert len(np.unique(sample.labels)) >= 6


def test_a_larger_scene_is_the_same_picture_in_more_detail(val):
    for index in (0, 5):
        large = Minicity("val", (768, 1536))[index]
        middle = large.labels[2::4, 2::4]
        assert np.mean(middle == val[index].labels) > 0.93
        blurred = large.image.reshape(192, 4, 384, 4, 3).mean(axis=(1, 3))
        small = val[index].image.astype(float)
        # Textures differ; bright and dark areas do not.
        assert np.corrcoef(blurred.ravel(), small.ravel())[0, 1] > 0.85


# Not too easy


def test_every_class_occurs_in_the_val_split_with_enough_pixels(val):
    counts = per_class(val)
    assert counts.shape == (24, CLASSES), "a pixel without a class"
    for index, name in enumerate(Minicity.classes):
        assert counts[:, index].sum() >= 2000, name
        assert np.sum(counts[:, index] >= 50) >= 7, name


def test_no_class_fills_the_picture(val):
    assert per_class(val).sum(axis=0).max() < 0.45 * sum(s.labels.size for s in val)


def test_labels_lie_on_the_edges_of_the_picture(val):
    """Colours change more at edges of the labels than at the same edges shifted."""
    there, beside = [], []
    for sample in val:
        grey = sample.image.astype(float).mean(axis=2)
        step = np.abs(np.diff(grey, axis=1))
        edge = np.diff(sample.labels.astype(int), axis=1) != 0
        there.append(step[edge].mean())
        beside += [step[np.roll(edge, shift, axis=1)].mean() for shift in (-3, 3)]
    assert np.mean(there) > 2.5 * np.mean(beside)


def test_things_are_where_they_belong(val):
    height = 192
    centre = {}
    for index, name in enumerate(Minicity.classes):
        rows = np.concatenate([np.nonzero(s.labels == index)[0] for s in val])
        centre[name] = rows.mean() / height
    assert centre["sky"] < centre["building"] < centre["car"] < centre["road"]
    assert centre["traffic light"] < centre["person"] < centre["road"]


def bins(image) -> np.ndarray:
    """Each pixel's cell of 32x32x32 colours."""
    r, g, b = (image[..., channel].astype(np.int64) >> 3 for channel in range(3))
    return (r * 32 + g) * 32 + b


def test_colour_alone_does_not_tell_the_classes(val):
    """The best classifier of single pixels, fit on 60 scenes, stays far from a trained network."""
    seen = np.zeros((32**3, CLASSES))
    for sample in Minicity("train").first(60):
        pair = bins(sample.image).ravel() * CLASSES + sample.labels.ravel()
        seen += np.bincount(pair, minlength=seen.size).reshape(seen.shape)
    guess = seen.argmax(axis=1)
    matrix = np.zeros((CLASSES, CLASSES))
    for sample in val:
        pair = sample.labels.ravel().astype(int) * CLASSES + guess[bins(sample.image)].ravel()
        matrix += np.bincount(pair, minlength=CLASSES**2).reshape(matrix.shape)
    hit = np.diag(matrix)
    iou = hit / (matrix.sum(axis=0) + matrix.sum(axis=1) - hit)
    assert 5 < 100 * iou.mean() < 22
    assert iou[0] > 0.4, "roads are grey: if this fails, the classifier is broken, not the data"


# On disk


def test_written_scenes_are_a_cityscapes_root(tmp_path):
    write_minicity(tmp_path, "val", (64, 128))
    drawn = Minicity("val", (64, 128))
    files = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file())
    stems = [f"minicity_{index:06d}_000019" for index in range(24)]
    assert files == [f"gtFine/val/minicity/{stem}_gtFine_labelIds.png" for stem in stems] + [
        f"leftImg8bit/val/minicity/{stem}_leftImg8bit.png" for stem in stems
    ]
    official = np.array([id2label[i].trainId if i <= 33 else 255 for i in range(256)], np.uint8)
    for index, stem in enumerate(stems[:6]):
        sample = drawn[index]
        with Image.open(tmp_path / sample.id) as image:
            assert np.array_equal(np.array(image), sample.image)
        with Image.open(tmp_path / f"gtFine/val/minicity/{stem}_gtFine_labelIds.png") as ids:
            assert ids.mode == "L"
            assert np.array_equal(official[np.array(ids)], sample.labels)


def test_written_scenes_open_as_cityscapes(tmp_path):
    write_minicity(tmp_path, "train", (32, 64), count=3)
    opened = open_dataset("cityscapes", tmp_path, "train")
    drawn = Minicity("train", (32, 64)).first(3)
    assert opened.ids == drawn.ids
    assert opened.classes == drawn.classes
    for there, here in zip(opened, drawn, strict=True):
        assert pixels(there) == pixels(here)
    (labels_file,) = opened.companions(0).values()
    assert Path(labels_file).is_file()


def test_writing_again_replaces_and_leaves_nothing_else(tmp_path):
    broken = tmp_path / Minicity("val").ids[0]
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"half a picture")
    write_minicity(tmp_path, "val", (32, 64), count=1)
    with Image.open(broken) as image:
        assert np.array_equal(np.array(image), Minicity("val", (32, 64))[0].image)
    assert len([p for p in tmp_path.rglob("*") if p.is_file()]) == 2


def test_splits_are_those_that_are_named():
    assert SCENES == {"train": 600, "val": 24}
