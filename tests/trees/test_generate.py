"""generate_cityscapes_c from Python: what the command does, with the same errors."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from robustbench_seg.corruption import corrupt
from robustbench_seg.datasets import minicity, open_dataset
from robustbench_seg.errors import (
    CardError,
    CorruptionError,
    DatasetError,
    IncompleteError,
    OptionError,
    TreeError,
)
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.specs.tree_spec import TreeSpec
from robustbench_seg.records.values.shard import Shard
from robustbench_seg.trees.generate import generate_cityscapes_c
from robustbench_seg.trees.manifests.manifest import read_manifest
from robustbench_seg.trees.plan_summary import PlanSummary
from robustbench_seg.trees.verification import verify_tree

FOG = {"corruptions": ["fog"], "severities": [2], "workers": 1}


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_by_name_it_writes_the_tree_and_returns_its_manifest(town, tmp_path, kind):
    workloads, made = [], []
    manifest = generate_cityscapes_c(
        data=kind(town.root),
        out=kind(tmp_path / "out"),
        **FOG,
        announce=workloads.append,
        progress=lambda *counts: made.append(counts),
    )
    assert manifest == read_manifest(tmp_path / "out")
    assert verify_tree(kind(tmp_path / "out")).problems == ()
    assert (manifest.record.dataset, manifest.record.split, len(manifest.files)) == (
        "cityscapes",
        "val",
        3,
    )
    assert sum(count for count, _ in made) == 3
    (workload,) = workloads
    assert isinstance(workload, PlanSummary)
    assert (workload.images, workload.conditions, workload.missing) == (3, 1, 3)
    assert str(workload).startswith(
        "cityscapes val: 3 images x 1 conditions = 3 images, 0 of which"
    )


def test_a_specification_is_the_same_call(town, tmp_path):
    spec = TreeSpec(tmp_path / "a", town.root, corruptions=("fog",), severities=(2,), workers=1)
    by_options = generate_cityscapes_c(data=town.root, out=tmp_path / "b", **FOG)
    assert generate_cityscapes_c(spec) == by_options
    with pytest.raises(OptionError, match="give a specification or options, not both"):
        generate_cityscapes_c(spec, seed=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "out is missing; give a folder for the tree"),
        ({"out": "x", "sed": 1}, "unknown option of generate_cityscapes_c 'sed'; did you mean"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(OptionError, match=message):
        generate_cityscapes_c(**options)


def test_an_object_that_is_no_dataset_is_one_line(tmp_path):
    with pytest.raises(DatasetError) as caught:
        generate_cityscapes_c(dataset=1, out=tmp_path)
    assert str(caught.value) == (
        "dataset: 1 is neither a name nor a dataset; it lacks name, split, __len__, __getitem__, "
        "ids, image, companions, on_disk"
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_an_open_dataset_keeps_its_own_split_and_length(town, tmp_path, workers):
    dataset = open_dataset("cityscapes", town.root).first(2)
    generate_cityscapes_c(dataset=dataset, out=tmp_path, **(FOG | {"workers": workers}))
    manifest = read_manifest(tmp_path)
    assert len(manifest.files) == 2
    variant = np.asarray(Image.open(tmp_path / "fog/2" / dataset.ids[1]))
    np.testing.assert_array_equal(
        variant, corrupt(dataset.image(1), "fog", 2, image_id=dataset.ids[1])
    )
    with pytest.raises(OptionError, match="cityscapes is already open; leave out data"):
        generate_cityscapes_c(dataset=dataset, data=town.root, out=tmp_path / "x")


def test_a_protocol_is_a_name_a_path_or_one(town, tmp_path):
    name = "mpc-15"
    mine = replace(load_protocol(name), name="mine")
    path = tmp_path / "mine.toml"
    path.write_text(
        'name = "mine"\nversion = "1"\nsource = "us"\n[[corruption]]\nname = "contrast"\n'
        'category = "digital"\nscored = [1]\nseverities = [' + "{ factor = 0.9 }, " * 5 + "]\n"
    )
    asked = {"data": town.root, "workers": 1, "severities": [2], "corruptions": ["contrast"]}
    for protocol, out in ((name, "a"), (mine, "b"), (path, "c"), (str(path), "d")):
        generate_cityscapes_c(protocol=protocol, out=tmp_path / out, **asked)
    manifests = {out: read_manifest(tmp_path / out) for out in "abcd"}
    assert manifests["a"].files == manifests["b"].files
    assert manifests["c"].files == manifests["d"].files != manifests["a"].files
    assert [manifests[out].record.protocol for out in "abcd"] == ["mpc-15", "mine", "mine", "mine"]


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"corruptions": ["fogg"]}, CorruptionError, "unknown corruption 'fogg'; did you mean"),
        ({"severities": [6]}, CorruptionError, "severity 6 does not exist"),
        ({"stream": "slow"}, OptionError, "unknown stream 'slow'"),
        ({"seed": -1}, OptionError, "seed = -1 is out of range"),
        ({"workers": 0}, OptionError, "workers = 0 is out of range; give an integer, 1 to 256"),
        ({"protocol": "cityscapes"}, CardError, "unknown protocol 'cityscapes'; did you mean"),
        ({"dataset": "cityscape"}, DatasetError, "did you mean 'cityscapes'"),
        ({"split": "trian"}, DatasetError, "trian"),
    ],
)
def test_wrong_words_are_one_line_and_nothing_is_written(town, tmp_path, asked, error, message):
    with pytest.raises(error, match=message) as caught:
        generate_cityscapes_c(out=tmp_path / "out", **({"data": town.root} | asked))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_what_is_left_out_is_an_error_after_the_manifest(town, tmp_path):
    broken = town.root / town.images()[1].id
    broken.write_bytes(broken.read_bytes()[:2000])
    with pytest.raises(DatasetError, match=str(broken)):
        generate_cityscapes_c(data=town.root, out=tmp_path / "out", **FOG)
    with pytest.raises(IncompleteError, match="1 images were left out; fix") as caught:
        generate_cityscapes_c(data=town.root, out=tmp_path / "out", **FOG, keep_going=True)
    (reason,) = caught.value.reasons
    assert str(broken) in reason
    manifest = read_manifest(tmp_path / "out")
    assert (len(manifest.files), list(manifest.left_out.values())) == (2, [reason])


def test_another_tree_is_refused_before_minicity_is_drawn(town, tmp_path, monkeypatch):
    monkeypatch.setitem(minicity.SCENES, "val", 2)
    out = tmp_path / "out"
    generate_cityscapes_c(data=town.root, out=out, **FOG)
    with pytest.raises(TreeError, match="its dataset is cityscapes, not minicity"):
        generate_cityscapes_c(dataset="minicity", out=out, **FOG)
    assert not (out / "clean").exists()


def test_an_open_minicity_is_drawn_and_cut_to_its_length(tmp_path, monkeypatch):
    monkeypatch.setitem(minicity.SCENES, "val", 3)
    dataset = open_dataset("minicity").first(2)
    generate_cityscapes_c(dataset=dataset, out=tmp_path, **FOG)
    assert len(list(tmp_path.glob("fog/2/leftImg8bit/**/*.png"))) == 2
    assert verify_tree(tmp_path).problems == ()


def test_shards_make_the_tree(town, tmp_path):
    for index in (1, 2):
        generate_cityscapes_c(data=town.root, out=tmp_path, **FOG, shard=Shard(index, 2))
    verify_tree(tmp_path)
    assert len(read_manifest(tmp_path).files) == 3


def test_a_tree_does_not_grow_from_other_images(town, tmp_path):
    out = tmp_path / "out"
    generate_cityscapes_c(data=town.root, out=out, **FOG)
    name = town.images()[1].id
    size = (town.root / name).stat().st_size
    Image.fromarray(np.zeros((64, 96, 3), np.uint8)).save(town.root / name)
    now = (town.root / name).stat().st_size
    before = read_manifest(out)
    (out / "manifest.json").unlink()  # as after an interruption
    with pytest.raises(TreeError) as caught:
        generate_cityscapes_c(data=town.root, out=out, **(FOG | {"severities": [1]}))
    assert str(caught.value) == (
        f"{out} was generated from other images: {name} had {size} bytes and now has {now}; "
        "give the original images, or choose another folder"
    )
    assert before.record.source_sizes[name] == size
    assert not (out / "fog/1").exists()


@pytest.mark.parametrize("keep_going", [True, False])
def test_an_image_without_files_in_the_tree_may_be_replaced(town, tmp_path, keep_going):
    broken, out = town.root / town.images()[1].id, tmp_path / "out"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:2000])
    with pytest.raises((DatasetError, IncompleteError)):
        generate_cityscapes_c(data=town.root, out=out, **FOG, keep_going=keep_going)
    broken.write_bytes(whole)
    manifest = generate_cityscapes_c(data=town.root, out=out, **FOG)
    assert manifest.record.source_sizes[town.images()[1].id] == len(whole)
    assert len(manifest.files) == 3 == len(manifest.record.source_sizes)


def test_an_image_may_be_replaced_before_its_shard_is_made(town, tmp_path):
    generate_cityscapes_c(data=town.root, out=tmp_path, **FOG, shard=Shard(1, 2))
    name = Shard(2, 2).of(town.images())[0].id
    Image.fromarray(np.zeros((64, 96, 3), np.uint8)).save(town.root / name)
    generate_cityscapes_c(data=town.root, out=tmp_path, **FOG, shard=Shard(2, 2))
    assert verify_tree(tmp_path).merged
    assert read_manifest(tmp_path).record.source_sizes[name] == (town.root / name).stat().st_size
