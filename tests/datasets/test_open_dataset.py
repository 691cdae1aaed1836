import pytest

from robustbench_seg.datasets import (
    DATASETS,
    class_names,
    list_datasets,
    open_dataset,
    published_images,
)
from robustbench_seg.errors import DatasetError


def test_the_names_of_the_contract():
    assert list_datasets() == tuple(DATASETS)
    assert tuple(DATASETS) == (
        "cityscapes",
        "camvid",
        "ade20k",
        "coco-stuff",
        "acdc",
        "acdc:fog",
        "acdc:night",
        "acdc:rain",
        "acdc:snow",
        "acdc-ref",
        "acdc-ref:fog",
        "acdc-ref:night",
        "acdc-ref:rain",
        "acdc-ref:snow",
        "muses",
        "muses:clear",
        "muses:fog",
        "muses:rain",
        "muses:snow",
        "muses:day",
        "muses:night",
        "muses:clear-day",
        "muses:adverse",
        "dark-zurich",
        "bdd100k",
        "kitti",
        "mapillary-v1.2",
        "mapillary-v2.0",
        "idd",
        "idd-cityscapes",
        "bravo",
        "minicity",
    )


def test_an_unknown_name():
    with pytest.raises(DatasetError) as caught:
        open_dataset("city", None)
    assert str(caught.value).startswith("unknown dataset 'city'; did you mean 'minicity'? Known: ")
    assert str(caught.value).endswith("minicity, or the path of a .toml file")


@pytest.mark.parametrize(
    ("name", "count", "last"),
    [
        ("cityscapes", 19, "bicycle"),
        ("acdc:fog", 19, "bicycle"),
        ("minicity", 19, "bicycle"),
        ("camvid", 11, "bicyclist"),
        ("ade20k", 150, "flag"),
        ("coco-stuff", 171, "wood"),
        ("mapillary-v2.0", 19, "bicycle"),
        ("idd", 26, "sky"),
    ],
)
def test_class_names_need_no_files(name, count, last):
    assert len(class_names(name)) == count
    assert class_names(name)[-1] == last


def test_class_names_of_an_unknown_dataset():
    with pytest.raises(DatasetError, match=r"unknown dataset 'camvit'; did you mean 'camvid'\?"):
        class_names("camvit")


def test_published_scores_are_of_as_many_images():
    known = {name: published_images(name) for name in [*DATASETS, "mine"]}
    assert {name: count for name, count in known.items() if count} == {
        "cityscapes": 500,
        "ade20k": 2000,
    }


@pytest.mark.parametrize("name", [n for n in DATASETS if n != "minicity"])
def test_every_dataset_on_disk_asks_for_its_root(name, monkeypatch):
    monkeypatch.delenv("CITYSCAPES_DATASET", raising=False)
    with pytest.raises(
        DatasetError, match=r"needs its root folder: give it as data.*http"
    ) as caught:
        open_dataset(name, None, "test")
    assert "\n" not in str(caught.value)


def test_a_root_may_be_a_string(tmp_path, put):
    put("val/a.png")
    put("valannot/a.png", 0)
    assert open_dataset("camvid", str(tmp_path)).ids == ("val/a.png",)


def test_minicity_needs_no_root_and_takes_none(tmp_path):
    dataset = open_dataset("minicity", None)
    assert (dataset.name, dataset.split) == ("minicity", "val")
    with pytest.raises(
        DatasetError, match="minicity is drawn by the program and takes no root folder"
    ):
        open_dataset("minicity", tmp_path)
