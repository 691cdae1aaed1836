"""generate-cityscapes-c and verify, from the command line to a root that other tools can read."""

import json
import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from robustbench_seg.cli.main import main
from robustbench_seg.corruption import corrupt
from robustbench_seg.datasets import minicity, open_dataset
from robustbench_seg.trees.manifests.manifest import read_manifest

NAMES = ("ulm/ulm_000000_000019", "ulm/ulm_000001_000019", "bonn/bonn_000000_000019")


@pytest.fixture
def root(tmp_path):
    rng = np.random.default_rng(0)
    root = tmp_path / "cityscapes"
    for name in NAMES:
        for path, pixels in (
            (
                f"leftImg8bit/val/{name}_leftImg8bit.png",
                rng.integers(0, 256, (64, 128, 3), np.uint8),
            ),
            (f"gtFine/val/{name}_gtFine_labelIds.png", rng.integers(0, 34, (64, 128), np.uint8)),
            (f"gtFine/val/{name}_gtFine_instanceIds.png", np.zeros((64, 128), np.uint8)),
        ):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(root / path)
    return root


@pytest.fixture
def robustseg():
    return lambda *words: CliRunner().invoke(main, [str(word) for word in words])


def generate(robustseg, root, out, *more):
    return robustseg(
        "generate-cityscapes-c", "--data", root, "--out", out, "--workers", 1, "--corruption",
        "fog", "--corruption", "contrast", *more,
    )  # fmt: skip


def test_every_condition_is_a_cityscapes_root_with_the_same_labels(root, tmp_path, robustseg):
    out = tmp_path / "out"
    result = generate(robustseg, root, out, "--severity", 3)
    assert result.exit_code == 0, result.output
    clean = open_dataset("cityscapes", root)
    for name in ("fog", "contrast"):
        corrupted = open_dataset("cityscapes", out / name / "3")
        assert corrupted.ids == clean.ids
        assert len(corrupted) == 3
        for before, after in zip(clean, corrupted, strict=True):
            np.testing.assert_array_equal(after.labels, before.labels)
            wanted = corrupt(before.image, name, 3, image_id=before.id)
            np.testing.assert_array_equal(after.image, wanted)
    manifest = read_manifest(out)
    record = manifest.record
    assert (record.dataset, record.split, record.seed) == ("cityscapes", "val", 0)
    assert len(manifest.files) == 6


def test_cityscapes_scripts_parse_the_names_and_find_the_labels(root, tmp_path, robustseg):
    helpers = pytest.importorskip("cityscapesscripts.helpers.csHelpers")
    generate(robustseg, root, tmp_path / "out", "--severity", 1)
    tree = tmp_path / "out/fog/1"
    images = sorted(tree.glob("leftImg8bit/*/*/*.png"))
    assert len(images) == 3
    for image in images:
        file = helpers.getCsFileInfo(str(image))
        assert (file.type, file.ext) == ("leftImg8bit", "png")
        name = f"{file.city}_{file.sequenceNb}_{file.frameNb}_gtFine_labelIds.png"
        assert (tree / "gtFine/val" / file.city / name).is_file()


@pytest.mark.parametrize(
    ("dataset", "image", "labels", "link"),
    [
        ("camvid", "val/a.png", "valannot/a.png", "valannot"),
        ("ade20k", "images/validation/a.jpg", "annotations/validation/a.png", "annotations"),
    ],
)
def test_other_datasets_keep_their_layout(tmp_path, robustseg, dataset, image, labels, link):
    rng = np.random.default_rng(0)
    for path, shape, top in ((image, (40, 50, 3), 256), (labels, (40, 50), 11)):
        (tmp_path / "data" / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, top, shape, np.uint8)).save(tmp_path / "data" / path)
    out = tmp_path / "out"
    result = generate(robustseg, tmp_path / "data", out, "--dataset", dataset, "--severity", 2)
    assert result.exit_code == 0, result.output
    (clean,) = open_dataset(dataset, tmp_path / "data")
    (corrupted,) = open_dataset(dataset, out / "fog/2")
    assert corrupted.id == str(Path(image).with_suffix(".png"))
    np.testing.assert_array_equal(corrupted.labels, clean.labels)
    np.testing.assert_array_equal(
        corrupted.image, corrupt(clean.image, "fog", 2, image_id=clean.id)
    )
    assert (out / "fog/2" / link).is_symlink()
    assert robustseg("verify", out).exit_code == 0


def test_minicity_is_drawn_beside_its_corrupted_images(tmp_path, robustseg, monkeypatch):
    monkeypatch.setitem(minicity.SCENES, "val", 2)
    words = (
        "generate-cityscapes-c", "--dataset", "minicity", "--out", tmp_path, "--workers", 1,
        "--corruption", "contrast", "--severity",
    )  # fmt: skip
    result = robustseg(*words, 1)
    assert result.exit_code == 0, result.output
    drawn = open_dataset("minicity", None)
    clean = open_dataset("cityscapes", tmp_path / "clean")
    corrupted = open_dataset("cityscapes", tmp_path / "contrast/1")
    for scene, file, variant in zip(drawn, clean, corrupted, strict=True):
        assert scene.id == file.id == variant.id
        np.testing.assert_array_equal(file.image, scene.image)
        np.testing.assert_array_equal(variant.labels, scene.labels)
        wanted = corrupt(scene.image, "contrast", 1, image_id=scene.id)
        np.testing.assert_array_equal(variant.image, wanted)
    assert read_manifest(tmp_path).record.dataset == "minicity"
    assert robustseg("verify", tmp_path).exit_code == 0

    stats = {path: path.stat().st_mtime_ns for path in tmp_path.glob("clean/**/*.png")}
    assert robustseg(*words, 2).exit_code == 0
    assert stats == {path: path.stat().st_mtime_ns for path in stats}
    refused = robustseg(*words, 1, "--seed", 1)
    assert "seed is 0, not 1" in refused.stderr


def test_says_first_what_it_will_do(root, tmp_path, robustseg):
    out = tmp_path / "out"
    result = generate(robustseg, root, out)
    assert result.output.startswith(
        "cityscapes val: 3 images x 10 conditions = 30 images, 0 of which exist; 30 to generate"
    )
    assert " MB of " in result.output
    assert f"{out}: 30 files, described in {out / 'manifest.json'}" in result.stdout
    shutil.rmtree(out / "fog/2")
    assert "27 of which exist; 3 to generate" in generate(robustseg, root, out).output


def test_root_defaults_to_the_environment(root, tmp_path, robustseg, monkeypatch):
    monkeypatch.setenv("CITYSCAPES_DATASET", str(root))
    result = robustseg(
        "generate-cityscapes-c", "--out", tmp_path / "out", "--corruption", "contrast",
        "--severity", 1, "--workers", 1,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert len(list(tmp_path.glob("out/contrast/1/leftImg8bit/val/*/*.png"))) == 3


def test_a_disk_too_small_is_refused_before_anything_is_written(
    root, tmp_path, robustseg, monkeypatch
):
    usage = namedtuple("usage", "total used free")(10**9, 10**9 - 5000, 5000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    result = generate(robustseg, root, tmp_path / "a/b/out")
    assert result.exit_code == 2
    assert "are needed, 0.0 MB are free; choose another folder" in result.stderr
    assert not (tmp_path / "a").exists()


def test_another_seed_in_the_same_folder_is_refused(root, tmp_path, robustseg):
    generate(robustseg, root, tmp_path / "out")
    result = generate(robustseg, root, tmp_path / "out", "--seed", 5)
    assert result.exit_code == 2
    assert "seed is 0, not 5; choose another folder" in result.stderr


def test_a_truncated_image_stops_with_its_name(root, tmp_path, robustseg):
    broken = truncate(root)
    result = generate(robustseg, root, tmp_path / "out")
    assert result.exit_code == 2
    assert str(broken) in result.stderr
    assert not (tmp_path / "out/manifest.json").exists()
    assert list(tmp_path.glob("out/fog/5/leftImg8bit/val/bonn/*.png"))


def test_keep_going_names_what_is_left_out_and_exits_1(root, tmp_path, robustseg):
    broken = truncate(root)
    out = tmp_path / "out"
    result = generate(robustseg, root, out, "--keep-going")
    assert result.exit_code == 1
    assert result.stderr.count(str(broken)) == 1
    assert "10 images were left out" in result.stderr
    assert len(json.loads((out / "manifest.json").read_text())["files"]) == 20


def truncate(root) -> Path:
    path = root / f"leftImg8bit/val/{NAMES[0]}_leftImg8bit.png"
    path.write_bytes(path.read_bytes()[:9000])
    return path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--corruption", "fogg"], "unknown corruption 'fogg'; did you mean 'fog'?"),
        (["--severity", "6"], "6 is not in the range 1<=x<=5"),
        (["--dataset", "cityscape"], "did you mean 'cityscapes'?"),
        (["--stream", "slow"], "'slow' is not one of 'fast', 'reference'"),
    ],
)
def test_wrong_words_are_one_line(root, tmp_path, robustseg, words, message):
    result = generate(robustseg, root, tmp_path / "out", *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


def test_verify_counts_or_names(root, tmp_path, robustseg):
    out = tmp_path / "out"
    generate(robustseg, root, out, "--severity", 1)
    result = robustseg("verify", out)
    assert result.exit_code == 0
    assert result.stdout == f"{out}: all 6 files are unchanged\n"

    lost, changed = sorted(out.glob("fog/1/leftImg8bit/val/*/*.png"))[:2]
    lost.unlink()
    changed.write_bytes(changed.read_bytes() + b"\0")
    (out / "stranger").touch()
    result = robustseg("verify", out)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"missing: {lost.relative_to(out)}",
        f"altered: {changed.relative_to(out)} (other bytes, but the same pixels)",
        "foreign: stranger",
    ]
    assert "3 files differ from" in result.stderr


def test_verify_without_manifest_is_one_line(tmp_path, robustseg):
    result = robustseg("verify", tmp_path)
    assert result.exit_code == 2
    assert "has no manifest.json" in result.stderr
    assert "Traceback" not in result.output


def test_shards_are_merged_by_verify(root, tmp_path, robustseg):
    out = tmp_path / "out"
    first = generate(robustseg, root, out, "--severity", 1, "--shard", "1/2")
    assert first.exit_code == 0, first.output
    assert (
        "4 files of shard 1 of 2; when all shards are finished, run robustseg verify"
        in first.output
    )
    early = robustseg("verify", out)
    assert early.exit_code == 2
    assert "of 2 shards are not finished: 2;" in early.output
    assert generate(robustseg, root, out, "--severity", 1, "--shard", "2/2").exit_code == 0
    merged = robustseg("verify", out)
    assert merged.exit_code == 0, merged.output
    assert "all 6 files are unchanged" in merged.output
    wrong = generate(robustseg, root, out, "--shard", "3/2")
    assert wrong.exit_code == 2
    assert "'3/2' is not a shard; write I/N with I from 1 to N" in wrong.output
