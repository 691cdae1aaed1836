import pytest

from robustbench_seg.datasets import DATASETS, IGNORE, open_dataset
from robustbench_seg.errors import DatasetError


def frame(put, condition, name, **truth):
    put(f"rgb_anon/{condition}/val/GOPR1/{name}_rgb_anon.png")
    for ending, value in truth.items():
        put(f"gt/{condition}/val/GOPR1/{name}_gt_{ending}.png", value)


def test_conditions_apart_and_together(tmp_path, put):
    for value, condition in enumerate(("snow", "fog", "night", "rain")):
        frame(put, condition, "1", labelTrainIds=value)
    everything = open_dataset("acdc", tmp_path)
    assert everything.ids == tuple(
        f"rgb_anon/{condition}/val/GOPR1/1_rgb_anon.png"
        for condition in ("fog", "night", "rain", "snow")
    )
    assert [int(sample.labels[0, 0]) for sample in everything] == [1, 2, 3, 0]
    night = open_dataset("acdc:night", tmp_path)
    assert (night.name, night.ids) == ("acdc:night", everything.ids[1:2])
    assert (night[0].labels == 2).all()
    assert len(night.classes) == 19


def test_label_ids_serve_where_there_are_no_train_ids(tmp_path, put):
    frame(put, "fog", "1", labelIds=26)
    assert (open_dataset("acdc:fog", tmp_path)[0].labels == 13).all()
    frame(put, "fog", "1", labelTrainIds=255, labelColor=0)
    dataset = open_dataset("acdc:fog", tmp_path)
    assert (dataset[0].labels == IGNORE).all()
    assert [path.rsplit("_", 1)[1] for path in dataset.companions(0)] == [
        "labelTrainIds.png",
        "labelIds.png",
        "labelColor.png",
    ]


def test_missing_parts(tmp_path, put):
    frame(put, "fog", "1")
    with pytest.raises(DatasetError, match=r"ACDC: no image rgb_anon/rain/val/\S+ in .*acdc\.vis"):
        open_dataset("acdc:rain", tmp_path)
    with pytest.raises(DatasetError, match=r"first without: gt/fog/val/GOPR1/1_gt_labelTrainIds"):
        open_dataset("acdc", tmp_path)
    with pytest.raises(DatasetError, match=r"dataset 'acdc:fogg'; did you mean 'acdc:fog'\?"):
        open_dataset("acdc:fogg", tmp_path)


def reference(put, condition, name, split="val", **truth):
    put(f"rgb_anon/{condition}/{split}_ref/GOPR1/{name}_rgb_ref_anon.png")
    for ending, value in truth.items():
        put(f"gt/{condition}/{split}_ref/GOPR1/{name}_gt_ref_{ending}.png", value)


def test_references_are_those_with_labels(tmp_path, put):
    frame(put, "fog", "1", labelTrainIds=1)
    reference(put, "fog", "1", labelTrainIds=3)
    reference(put, "fog", "2")
    reference(put, "night", "1", labelTrainIds=4, labelIds=7)
    clear = open_dataset("acdc-ref", tmp_path)
    assert (clear.name, clear.split) == ("acdc-ref", "val")
    assert clear.ids == (
        "rgb_anon/fog/val_ref/GOPR1/1_rgb_ref_anon.png",
        "rgb_anon/night/val_ref/GOPR1/1_rgb_ref_anon.png",
    )
    assert clear.files.left_out == ("rgb_anon/fog/val_ref/GOPR1/2_rgb_ref_anon.png",)
    assert [int(sample.labels[0, 0]) for sample in clear] == [3, 4]
    assert open_dataset("acdc-ref:night", tmp_path).ids == clear.ids[1:]
    assert open_dataset("acdc:fog", tmp_path).ids == ("rgb_anon/fog/val/GOPR1/1_rgb_anon.png",)


def test_references_with_label_ids_alone_are_labelled(tmp_path, put):
    reference(put, "fog", "1", labelIds=26)
    reference(put, "rain", "1", split="train", labelIds=7)
    clear = open_dataset("acdc-ref:fog", tmp_path)
    assert (clear.name, clear.files.left_out) == ("acdc-ref:fog", ())
    assert (clear[0].labels == 13).all()
    train = open_dataset("acdc-ref", tmp_path, "train")
    assert train.ids == ("rgb_anon/rain/train_ref/GOPR1/1_rgb_ref_anon.png",)


def test_references_of_the_first_release_are_refused(tmp_path, put):
    reference(put, "fog", "1")
    reference(put, "fog", "2")
    with pytest.raises(DatasetError) as caught:
        open_dataset("acdc-ref:fog", tmp_path)
    assert str(caught.value) == (
        f"ACDC: none of 2 reference images in {tmp_path} has labels such as "
        "gt/fog/val_ref/GOPR1/1_gt_ref_labelTrainIds.png; the first release of ACDC has none: "
        "download gt_trainval.zip again, or leave out the references"
    )


def test_an_image_and_its_reference_are_of_one_place_and_subset():
    adverse = "rgb_anon/snow/train/GP010607/GP010607_frame_000111_rgb_anon.png"
    clear = "rgb_anon/snow/train_ref/GP010607/GP010607_frame_000111_rgb_ref_anon.png"
    acdc, references, snow = (DATASETS[name] for name in ("acdc", "acdc-ref", "acdc:snow"))
    assert acdc.place(adverse) == references.place(clear)
    assert acdc.place(adverse) != acdc.place(adverse.replace("111", "112"))
    assert acdc.subsets(adverse) == ("acdc:snow",)
    assert references.subsets(clear) == ("acdc-ref:snow",)
    assert snow.subsets(adverse) == DATASETS["camvid"].subsets(adverse) == ()
    assert acdc.reference == "acdc-ref"
    assert snow.reference == "acdc-ref:snow"
    assert references.reference is DATASETS["muses"].reference is None
    assert all(dataset.has_conditions for dataset in (acdc, references, snow))
    assert not DATASETS["camvid"].has_conditions


def test_the_test_split_has_no_labels_and_is_ignored(tmp_path, put):
    for name in "12":
        put(f"rgb_anon/fog/test/GOPR1/{name}_rgb_anon.png")
    dataset = open_dataset("acdc", tmp_path, "test")
    assert not dataset.files.is_labelled
    assert (dataset[1].labels == IGNORE).all()
    assert dataset[1].labels.shape == dataset[1].image.shape[:2]
    assert dict(dataset.companions(0)) == {}
    before = dataset.fingerprint
    put("rgb_anon/fog/test/GOPR1/1_rgb_anon.png", 9)
    assert open_dataset("acdc", tmp_path, "test").fingerprint != before
    put("gt/fog/test/GOPR1/1_gt_labelTrainIds.png", 0)  # the others are then missing
    with pytest.raises(DatasetError, match="1 have no labels"):
        open_dataset("acdc", tmp_path, "test")
