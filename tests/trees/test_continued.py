"""A tree continued under other libraries: the same pixels, or an error with the condition."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from robustbench_seg.corruption import CORRUPTIONS, Corruption, entry_point, libraries, weather
from robustbench_seg.errors import TreeError
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.values.shard import Shard
from robustbench_seg.trees.manifests.manifest import read_manifest
from robustbench_seg.trees.verification import verify_tree
from robustbench_seg.trees.writing import write_tree as module
from robustbench_seg.trees.writing.write_tree import write_tree

SOME = ("spatter", "contrast")
OTHER_PIXELS = (
    r"spatter at severity 1 and 1 more conditions give different pixels than when the tree"
)
THEN = "robustseg 0.0.9 then, {robustseg} now; numpy 2.0.1 then, {numpy} now"


def images(out):
    return {path: path.stat().st_mtime_ns for path in out.glob("*/*/leftImg8bit/**/*.png")}


@pytest.fixture
def grown(town, tmp_path, libraries_then):
    """A tree of two corruptions that other versions have begun."""
    out = tmp_path / "out"
    write_tree(town.plan(out, corruptions=SOME))
    libraries_then(out, robustseg="0.0.9", numpy="2.0.1")
    return out


@pytest.fixture
def another_colour_of_water(monkeypatch):
    monkeypatch.setattr(weather, "WATER", weather.WATER * np.float32(0.9))


def test_other_versions_go_on_and_nothing_is_made_anew(town, grown):
    before = images(grown)
    made = []
    manifest = write_tree(
        town.plan(grown, corruptions=(*SOME, "fog")), progress=lambda *counts: made.append(counts)
    )
    assert sum(count for count, _ in made) == 6
    assert before.items() <= images(grown).items()
    assert manifest.record.libraries["numpy"] == "2.0.1"  # the versions that began it
    assert set(manifest.record.probe) == {f"{name}/{s}" for name in (*SOME, "fog") for s in (1, 5)}
    assert set(manifest.record.laws) == {*SOME, "fog"}
    assert verify_tree(grown).problems == ()


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.usefixtures("another_colour_of_water")
def test_another_constant_is_refused_by_name(town, tmp_path, contents, monkeypatch, finished):
    with monkeypatch.context() as then:
        then.setattr(weather, "WATER", weather.WATER * np.float32(1.05))
        then.setattr(
            "robustbench_seg.trees.manifests.tree_record.libraries",
            lambda: {**libraries(), "robustseg": "0.0.9", "numpy": "2.0.1"},
        )
        write_tree(town.plan(tmp_path, corruptions=SOME))
    if not finished:
        (tmp_path / "manifest.json").unlink()
        shutil.rmtree(tmp_path / "spatter/5")
    before = contents(tmp_path)
    # Severity 5 of spatter is mud, and contrast has no colour, so neither of them changes.
    with pytest.raises(TreeError) as caught:
        write_tree(town.plan(tmp_path, corruptions=SOME))
    assert str(caught.value) == (
        f"{tmp_path}: spatter at severity 1 gives different pixels than when the tree was begun "
        f"({THEN.format(**libraries())}); use the same versions and processor as then, or choose "
        "another folder"
    )
    assert contents(tmp_path) == before
    write_tree(town.plan(tmp_path, corruptions=("contrast", "fog")))
    write_tree(town.plan(tmp_path, corruptions=SOME, severities=(5,)))


@pytest.mark.usefixtures("another_colour_of_water")
def test_the_same_versions_with_another_constant_are_refused_too(town, tmp_path, monkeypatch):
    with monkeypatch.context() as then:
        then.setattr(weather, "WATER", weather.WATER * np.float32(1.05))
        write_tree(town.plan(tmp_path, corruptions=("spatter",), severities=(1, 2)))
    with pytest.raises(
        TreeError,
        match=rf"{OTHER_PIXELS} was begun \(all libraries have the same versions, so the processor",
    ):
        write_tree(town.plan(tmp_path, corruptions=("spatter",), severities=(1, 2)))


def test_another_law_is_refused_by_name_and_others_go_on(town, grown, monkeypatch):
    monkeypatch.setitem(CORRUPTIONS, "contrast", CORRUPTIONS["contrast"]._replace(law=2))
    with pytest.raises(TreeError, match="its contrast has law 1, not 2; choose another"):
        write_tree(town.plan(grown, corruptions=SOME))
    write_tree(town.plan(grown, corruptions=("spatter", "fog")))


def test_the_name_and_version_of_the_protocol_do_not_matter(town, grown):
    protocol = replace(load_protocol(), name="ours", version="9")
    before = images(grown)
    write_tree(town.plan(grown, corruptions=SOME, protocol=protocol))
    assert images(grown) == before


def test_a_tree_of_format_1_is_verified_and_goes_on(town, tmp_path, first_format):
    out = tmp_path / "out"
    write_tree(town.plan(out, corruptions=SOME))
    first_format(out, robustseg="0.0.9", numpy="2.0.1")
    assert verify_tree(out).problems == ()
    before = images(out)
    manifest = write_tree(town.plan(out, corruptions=(*SOME, "fog")))
    assert before.items() <= images(out).items()
    assert len(manifest.files) == 18
    assert set(manifest.record.probe) == {f"{name}/{s}" for name in (*SOME, "fog") for s in (1, 5)}
    for name in (".recipe.json", "manifest.json"):
        table = json.loads((out / name).read_text())
        assert (table["format"], table["libraries"]["numpy"]) == (3, "2.0.1")
    assert verify_tree(out).problems == ()


@pytest.mark.parametrize("kept", ["manifest", "record", "files"])
@pytest.mark.parametrize("severities", [(1, 5), (1, 2)])
def test_a_tree_of_format_1_with_other_pixels_is_refused(
    town, tmp_path, first_format, contents, monkeypatch, kept, severities
):
    out = tmp_path / "out"
    with monkeypatch.context() as then:
        then.setattr(weather, "WATER", weather.WATER * np.float32(0.5))
        write_tree(town.plan(out, corruptions=SOME, severities=severities))
    first_format(out, robustseg="0.0.9", numpy="2.0.1")
    if kept == "record":  # an unfinished tree
        (out / "manifest.json").unlink()
    if kept == "files":  # the digests that it recorded decide, not an altered file
        table = json.loads((out / "manifest.json").read_text())
        (out / ".recipe.json").unlink()
        for name in table["files"]:
            Image.fromarray(np.zeros((64, 96, 3), np.uint8)).save(out / name)
    before = contents(out)
    subject = "spatter at severity 1" + (
        " and 1 more conditions give" if 2 in severities else " gives"
    )
    for _ in range(2):  # the first refusal records nothing that would make the second start pass
        with pytest.raises(TreeError, match=rf"{subject} different pixels.*numpy 2\.0\.1 then"):
            write_tree(town.plan(out, corruptions=SOME, severities=severities))
        assert contents(out) == before


def test_a_broken_image_does_not_decide_for_format_1(town, tmp_path, first_format):
    out = tmp_path / "out"
    write_tree(town.plan(out, corruptions=("fog",)))
    first_format(out)
    clean = town.root / "leftImg8bit/val/ulm/ulm_0_leftImg8bit.png"
    clean.write_bytes(clean.read_bytes()[:1000])
    write_tree(town.plan(out, corruptions=("fog",)), keep_going=True)
    assert verify_tree(out).problems == ()


def test_a_condition_without_a_probe_is_compared_by_an_image(town, tmp_path, monkeypatch):
    protocol = load_protocol()
    perturbation = replace(
        protocol.perturbation("contrast"), name="pixelate", parameters=({"size": 0.008},) * 5
    )
    protocol = replace(protocol, name="coarse", perturbations=(perturbation,))
    settings = {"protocol": protocol, "corruptions": ("pixelate",), "severities": (3,)}
    wide = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    images = tuple(replace(image, read=lambda: wide) for image in town.images())
    settings["images"] = images
    assert write_tree(town.plan(tmp_path, **settings)).record.probe == {}
    write_tree(town.plan(tmp_path, **settings))
    halved = Corruption("pixelate", lambda image, rng, *, size: image // 2, law=1)
    monkeypatch.setitem(CORRUPTIONS, "pixelate", halved)
    entry_point._function.cache_clear()
    with pytest.raises(TreeError, match="pixelate at severity 3 gives different pixels"):
        write_tree(town.plan(tmp_path, **settings))
    monkeypatch.undo()
    entry_point._function.cache_clear()


def shard(town, out, index, **changes):
    return write_tree(town.plan(out, shard=Shard(index, 3), corruptions=SOME, **changes))


def test_shards_of_other_versions_are_one_tree(town, tmp_path, contents, libraries_then):
    write_tree(town.plan(tmp_path / "whole", corruptions=SOME))
    libraries_then(tmp_path / "whole", numpy="2.0.1")
    out = tmp_path / "out"
    shard(town, out, 1)
    libraries_then(out, numpy="2.0.1")
    shard(town, out, 2)
    shard(town, out, 3)
    assert verify_tree(out).problems == ()
    assert contents(out) == contents(tmp_path / "whole")


def test_a_shard_with_other_pixels_is_refused(town, tmp_path, monkeypatch):
    shard(town, tmp_path, 1)
    monkeypatch.setattr(weather, "WATER", weather.WATER * np.float32(0.9))
    with pytest.raises(TreeError, match="spatter at severity 1 gives different pixels"):
        shard(town, tmp_path, 2)
    assert not list(tmp_path.glob("*/*/leftImg8bit/**/ulm_1*"))


def test_shards_made_apart_with_other_pixels_are_not_merged(town, tmp_path, monkeypatch):
    for index in (1, 2, 3):
        if index == 2:
            monkeypatch.setattr(weather, "WATER", weather.WATER * np.float32(0.9))
        shard(town, tmp_path / str(index), index)
    for index in (2, 3):
        shutil.copytree(
            tmp_path / str(index),
            tmp_path / "1",
            dirs_exist_ok=True,
            symlinks=True,
            ignore=shutil.ignore_patterns(".recipe.json", "gtFine"),
        )
    with pytest.raises(TreeError, match="spatter at severity 1 gives different pixels"):
        verify_tree(tmp_path / "1")
    assert not (tmp_path / "1/manifest.json").exists()


def test_shards_of_two_seeds_are_not_merged(town, tmp_path):
    for index in (1, 2, 3):
        shard(town, tmp_path / str(index), index, seed=index // 3)
    for index in (2, 3):
        shutil.copy(tmp_path / f"{index}/manifest.{index}-of-3.json", tmp_path / "1")
    with pytest.raises(TreeError, match="its seed is 0, not 1"):
        verify_tree(tmp_path / "1")


def test_the_manifest_of_a_shard_says_what_the_tree_is(town, tmp_path):
    shard(town, tmp_path, 1)
    (tmp_path / ".recipe.json").unlink()  # as if a copy omitted the hidden file
    with pytest.raises(TreeError, match="its seed is 0, not 1"):
        shard(town, tmp_path, 2, seed=1)


def test_shards_of_format_1_are_merged(town, tmp_path, first_format):
    out = tmp_path / "out"
    shard(town, out, 1)
    shard(town, out, 2)
    first_format(out, numpy="2.0.1")
    shard(town, out, 3)
    assert verify_tree(out).problems == ()
    manifest = read_manifest(out)
    assert len(manifest.files) == 12
    assert set(manifest.record.probe) == {f"{name}/{s}" for name in SOME for s in (1, 5)}
    assert manifest.record.libraries["numpy"] == "2.0.1"


def test_each_condition_is_probed_once_a_start(town, tmp_path, monkeypatch):
    probed = []
    probe = module.probe

    def counting(conditions, *rest):
        probed.extend(conditions)
        return probe(conditions, *rest)

    monkeypatch.setattr(module, "probe", counting)
    plan = town.plan(tmp_path)
    write_tree(plan)
    assert probed == list(plan.conditions)
