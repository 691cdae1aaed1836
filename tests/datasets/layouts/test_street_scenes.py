"""Street scenes in the layouts in which they are published, with labels of the right encoding."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from cityscapesscripts.helpers.labels import name2label
from PIL import Image

from robustbench_seg.datasets import IGNORE, class_names, described_facts, open_dataset
from robustbench_seg.errors import DatasetError
from robustbench_seg.trees.generate import generate_cityscapes_c

CITYSCAPES = class_names("cityscapes")


def palette_image(ids):
    """Ids as a palette image, as Mapillary Vistas has them."""
    picture = Image.fromarray(np.asarray(ids, np.uint8)).convert("L")
    picture = Image.frombytes("P", picture.size, picture.tobytes())
    picture.putpalette(np.random.default_rng(0).integers(0, 256, 768, np.uint8).tobytes())
    return picture


def named(dataset, labels):
    """Names of the classes in labels; None: ignored."""
    return [None if x == IGNORE else dataset.classes[x] for x in labels.ravel()]


def test_bdd100k_in_both_layouts(tmp_path, put):
    ids = np.uint8([[0, 11, 18, 255]])
    image = np.zeros((1, 4, 3), np.uint8)
    for folder, truth in (
        ("new/images/10k/val/b1-c2.jpg", "new/labels/sem_seg/masks/val/b1-c2.png"),
        ("old/seg/images/val/b1-c2.jpg", "old/seg/labels/val/b1-c2_train_id.png"),
    ):
        put(folder, image)
        put(truth, ids)
    for root in ("new", "old"):
        dataset = open_dataset("bdd100k", tmp_path / root)
        assert len(dataset) == 1
        assert dataset.classes == CITYSCAPES
        assert named(dataset, dataset[0].labels) == ["road", "person", "bicycle", None]
    put("new/images/10k/test/a.jpg")
    assert not open_dataset("bdd100k", tmp_path / "new", "test").files.is_labelled
    put("new/images/10k/val/d.jpg")
    with pytest.raises(DatasetError, match=r"of 2 images in .* 1 have no labels; .*bdd-data\.berk"):
        open_dataset("bdd100k", tmp_path / "new")


def test_kitti_has_the_ids_of_cityscapes_and_no_val(tmp_path, put):
    put("training/image_2/000160_10.png", np.zeros((1, 3, 3), np.uint8))
    put("training/semantic/000160_10.png", np.uint8([[7, 33, 4]]))
    put("testing/image_2/000001_10.png")
    dataset = open_dataset("kitti", tmp_path, "train")
    assert named(dataset, dataset[0].labels) == ["road", "bicycle", None]
    assert not open_dataset("kitti", tmp_path, "test").files.is_labelled
    message = r"unknown split of KITTI 'val'\. Known: train, test; train has the labels"
    with pytest.raises(DatasetError, match=message):
        open_dataset("kitti", tmp_path)


@pytest.mark.parametrize(
    ("name", "folder", "ids"),
    [
        ("mapillary-v1.2", "validation/v1.2/labels", [13, 24, 2, 55, 20, 50, 49, 12, 65]),
        ("mapillary-v1.2", "validation/labels", [13, 24, 2, 55, 20, 50, 49, 12, 65]),
        ("mapillary-v2.0", "validation/v2.0/labels", [21, 36, 4, 108, 32, 100, 97, 20, 123]),
    ],
)
def test_mapillary_vistas_has_palette_images(tmp_path, put, name, folder, ids):
    """Road, a marking, curb, car, bicyclist, sign from the front and the back, track, void."""
    put("validation/images/a_B-1.jpg", np.zeros((1, 9, 3), np.uint8))
    put(f"{folder}/a_B-1.png", palette_image([ids]))
    dataset = open_dataset(name, tmp_path)
    assert (dataset.name, dataset.classes) == (name, CITYSCAPES)
    assert named(dataset, dataset[0].labels) == [
        *("road", "road", "sidewalk", "car", "rider", "traffic sign", None, None, None)
    ]


def test_mapillary_vistas_in_other_encodings(tmp_path, put):
    """Release 1.2 as colours (road, car, bird), and as instances of 16 bits."""
    put("validation/images/a.jpg", np.zeros((1, 3, 3), np.uint8))
    path = put(
        "validation/v1.2/labels/a.png", np.uint8([[(128, 64, 128), (0, 0, 142), (165, 42, 42)]])
    )
    dataset = open_dataset("mapillary-v1.2", tmp_path)
    assert named(dataset, dataset[0].labels) == ["road", "car", None]
    path.unlink()
    for release, ids in (("v1.2", [13, 55, 0]), ("v2.0", [21, 108, 0])):
        put(
            f"validation/{release}/instances/a.png",
            np.uint16([ids]) * 256 + np.uint16([[0, 7, 255]]),
        )
        dataset = open_dataset(f"mapillary-{release}", tmp_path)
        assert named(dataset, dataset[0].labels) == ["road", "car", None]


def test_the_colours_of_labels_are_in_the_fingerprint_of_every_encoding(tmp_path, put):
    """Also where no label is stored as colours: a change would separate runs of the same images."""
    facts = described_facts("mapillary-v1.2")
    put("validation/images/a.jpg", np.zeros((1, 3, 3), np.uint8))
    put("testing/images/b.jpg")
    instances = "validation/v1.2/instances/a.png"
    for labels, split, table in (
        (instances, "val", np.repeat(facts.table, 256)),
        ("validation/v1.2/labels/a.png", "val", facts.table),
        (None, "test", facts.table),
    ):
        if labels:
            put(labels, np.zeros((1, 3), np.uint16 if labels == instances else np.uint8))
        known = json.dumps(facts.classes, separators=(",", ":")).encode() + table.tobytes()
        known += json.dumps(facts.label_colours, separators=(",", ":"), sort_keys=True).encode()
        dataset = open_dataset("mapillary-v1.2", tmp_path, split)
        assert dataset.fingerprint["classes"] == hashlib.sha256(known).hexdigest()


def test_the_releases_of_mapillary_vistas_are_kept_apart(tmp_path, put):
    put("validation/images/a.jpg")
    put("validation/v2.0/labels/a.png", 21)
    with pytest.raises(DatasetError, match=r"none has labels; .*validation/v1\.2/labels/a\.png"):
        open_dataset("mapillary-v1.2", tmp_path)
    put("testing/images/b.jpg")
    assert not open_dataset("mapillary-v2.0", tmp_path, "test").files.is_labelled
    with pytest.raises(DatasetError, match=r"unknown split of Mapillary Vistas 'vall'; did you"):
        open_dataset("mapillary-v2.0", tmp_path, "vall")


@pytest.mark.parametrize(("release", "count"), [("v1.2", 66), ("v2.0", 124)])
def test_every_id_of_mapillary_vistas_has_a_meaning_and_no_other(tmp_path, put, release, count):
    put("validation/images/a.jpg", np.zeros((1, count, 3), np.uint8))
    path = f"validation/{release}/labels/a.png"
    put(path, np.arange(count, dtype=np.uint8)[None])
    labels = open_dataset(f"mapillary-{release}", tmp_path)[0].labels
    assert set(labels.ravel()) == {*range(19), IGNORE}
    put(path, np.full((1, count), count, np.uint8))
    with pytest.raises(DatasetError, match=rf"label id {count} .* ids are 0\.\.{count - 1};"):
        open_dataset(f"mapillary-{release}", tmp_path)[0]


IDD = "gtFine/val/201/frame0029_gtFine_label"


def test_idd_has_classes_of_its_own(tmp_path, put):
    put("leftImg8bit/val/201/frame0029_leftImg8bit.jpg", np.zeros((1, 6, 3), np.uint8))
    put(f"{IDD}level3Ids.png", np.uint8([[0, 1, 8, 12, 25, 255]]))
    dataset = open_dataset("idd", tmp_path)
    assert len(dataset.classes) == 26
    level3 = ["road", "drivable fallback", "autorickshaw", "vehicle fallback", "sky", None]
    assert named(dataset, dataset[0].labels) == level3
    (tmp_path / f"{IDD}level3Ids.png").unlink()
    # The ids of road, parking, autorickshaw, a trailer, fallback background and out of roi.
    put(f"{IDD}ids.png", np.uint8([[0, 1, 11, 16, 34, 38]]))
    dataset = open_dataset("idd", tmp_path)
    assert named(dataset, dataset[0].labels) == level3


def test_idd_with_the_classes_of_cityscapes(tmp_path, put):
    put("leftImg8bit/val/201/frame0029_leftImg8bit.png", np.zeros((1, 5, 3), np.uint8))
    wanted = ["road", "terrain", "train", None, None]
    put(f"{IDD}ids.png", np.uint8([[0, 5, 17, 11, 39]]))
    dataset = open_dataset("idd-cityscapes", tmp_path)
    assert dataset.classes == CITYSCAPES
    assert named(dataset, dataset[0].labels) == wanted
    (tmp_path / f"{IDD}ids.png").unlink()
    train_ids = [name2label[name].trainId if name else 255 for name in wanted]
    put(f"{IDD}csTrainIds.png", np.uint8([train_ids]))
    dataset = open_dataset("idd-cityscapes", tmp_path)
    assert named(dataset, dataset[0].labels) == wanted


def test_idd_without_label_files_says_how_to_make_them(tmp_path, put):
    put("leftImg8bit/val/201/frame0029_leftImg8bit.png")
    for name, kind in (("idd", "level3Id"), ("idd-cityscapes", "csTrainId")):
        with pytest.raises(DatasetError, match=rf"none has labels; .*createLabels.*{kind} of"):
            open_dataset(name, tmp_path)
    put("leftImg8bit/test/1/a_leftImg8bit.png")
    assert not open_dataset("idd", tmp_path, "test").files.is_labelled


def test_dark_zurich_is_scored_at_night(tmp_path, put):
    frame = "night/GOPR0356/GOPR0356_frame_000321"
    put(f"rgb_anon/val/{frame}_rgb_anon.png", np.zeros((1, 3, 3), np.uint8))
    put(f"rgb_anon/val_ref/day/GOPR0356_ref/{Path(frame).name}_rgb_ref_anon.png")
    put(f"gt/val/{frame}_gt_labelTrainIds.png", np.uint8([[0, 18, 255]]))
    dataset = open_dataset("dark-zurich", tmp_path)
    assert dataset.ids == (f"rgb_anon/val/{frame}_rgb_anon.png",)
    assert named(dataset, dataset[0].labels) == ["road", "bicycle", None]
    (tmp_path / f"gt/val/{frame}_gt_labelTrainIds.png").unlink()
    with pytest.raises(DatasetError, match=r"none has labels; .*GCMA_UIoU"):
        open_dataset("dark-zurich", tmp_path)
    put(f"gt/val/{frame}_gt_labelIds.png", np.uint8([[7, 33, 0]]))
    dataset = open_dataset("dark-zurich", tmp_path)
    assert named(dataset, dataset[0].labels) == ["road", "bicycle", None]
    put(f"rgb_anon/test/{frame}_rgb_anon.png")
    assert not open_dataset("dark-zurich", tmp_path, "test").files.is_labelled


@pytest.mark.parametrize(
    ("name", "image", "labels", "label_id"),
    [
        ("bdd100k", "images/10k/val/a.jpg", "labels/sem_seg/masks/val/a.png", 0),
        ("bdd100k", "seg/images/val/a.jpg", "seg/labels/val/a_train_id.png", 0),
        ("mapillary-v2.0", "validation/images/a.jpg", "validation/v2.0/labels/a.png", 21),
        ("idd", "leftImg8bit/val/1/a_leftImg8bit.jpg", "gtFine/val/1/a_gtFine_labelids.png", 0),
    ],
)
def test_the_folders_of_a_tree_are_that_dataset(tmp_path, put, name, image, labels, label_id):
    put(f"clean/{image}", np.zeros((40, 48, 3), np.uint8))
    put(f"clean/{labels}", np.full((40, 48), label_id, np.uint8))
    out = tmp_path / "out"
    generate_cityscapes_c(
        data=tmp_path / "clean",
        dataset=name,
        out=out,
        corruptions=["brightness"],
        severities=[1],
        workers=1,
    )
    dataset = open_dataset(name, out / "brightness/1")
    assert dataset.ids == (image.replace(".jpg", ".png"),)
    assert (dataset[0].labels == 0).all()
