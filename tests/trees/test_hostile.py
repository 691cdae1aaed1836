"""Trees made or changed by others: no file is adopted, trusted, or written outside."""

import errno
import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from robustbench_seg.errors import FileError, RobustsegError, TreeError
from robustbench_seg.records.values.shard import Shard
from robustbench_seg.trees.generate import generate_cityscapes_c
from robustbench_seg.trees.manifests.manifest import read_manifest
from robustbench_seg.trees.verification import verify_tree
from robustbench_seg.trees.writing.write_tree import write_tree

FOG = {"corruptions": ["fog"], "severities": [2], "workers": 1}
IMAGE = "fog/2/leftImg8bit/val/ulm/ulm_1_leftImg8bit.png"


def generate(town, out, **changes):
    return generate_cityscapes_c(data=town.root, out=out, **(FOG | changes))


def swap_channels(path):
    with Image.open(path) as image:
        pixels = np.asarray(image)[..., ::-1]
    Image.fromarray(pixels).save(path)


@pytest.mark.parametrize("asked", ["fog", "contrast"])
def test_a_tree_of_another_program_is_never_adopted(town, tmp_path, contents, asked):
    out = tmp_path / "out"
    generate(town, out)
    for name in (".recipe.json", "manifest.json"):
        (out / name).unlink()
    before = contents(out)
    with pytest.raises(TreeError, match=r"no record of how it was generated"):
        generate(town, out, corruptions=[asked])
    with pytest.raises(TreeError, match=r"so it is not a tree"):
        verify_tree(out)
    assert contents(out) == before


@pytest.mark.parametrize("keep_going", [True, False])
def test_an_image_that_no_manifest_describes_is_compared(town, tmp_path, keep_going):
    out = tmp_path / "out"
    generate(town, out)
    (out / "manifest.json").unlink()  # as after an interruption
    swap_channels(out / IMAGE)
    with pytest.raises(TreeError, match=rf"{IMAGE} differs from what .* remove it"):
        generate(town, out, keep_going=keep_going)
    (out / IMAGE).unlink()
    generate(town, out)
    assert verify_tree(out).problems == ()


def test_an_image_of_other_clean_images_is_not_adopted(town, tmp_path):
    out = tmp_path / "out"
    generate(town, tmp_path / "other")
    source = town.root / town.images()[1].id
    size = source.stat().st_size
    swap_channels(source)
    source.write_bytes(source.read_bytes().ljust(size, b"\0"))
    generate(town, out)
    (out / "manifest.json").unlink()
    shutil.copy(tmp_path / "other" / IMAGE, out / IMAGE)
    with pytest.raises(TreeError, match="differs from what"):
        generate(town, out)


def test_what_an_interrupted_start_has_left_is_not_made_again(town, tmp_path):
    out = tmp_path / "out"
    generate(town, out)
    before = (out / "manifest.json").read_bytes()
    (out / "manifest.json").unlink()
    made = []
    generate(town, out, progress=lambda *counts: made.append(counts))
    assert sum(count for count, _ in made) == 0
    assert (out / "manifest.json").read_bytes() == before


def test_an_altered_image_keeps_the_digest_of_the_right_one(town, tmp_path):
    out = tmp_path / "out"
    generate(town, out)
    swap_channels(out / IMAGE)
    generate(town, out)
    assert [str(problem) for problem in verify_tree(out).problems] == [
        f"altered: {IMAGE} (other pixels)"
    ]


def test_every_flip_in_a_manifest_is_detected_or_harmless(town, tmp_path):
    manifest = generate(town, tmp_path)
    path = tmp_path / "manifest.json"
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    places = rng.choice(len(whole) * 8, min(600, len(whole) * 8), replace=False)
    for place in places:
        data = bytearray(whole)
        data[place // 8] ^= 1 << place % 8
        path.write_bytes(data)
        found = outcome(tmp_path)
        if isinstance(found, str):
            assert "manifest.json" in found
            assert "\n" not in found
        else:
            assert _without_versions(found) == _without_versions(manifest)


def outcome(folder):
    """The manifest, or the message of the error."""
    try:
        return read_manifest(folder)
    except RobustsegError as error:
        return str(error)


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"{", b"[]", b"1", b"null", b"\xff\xfe{", b"[" * 100_000, b"9" * 5000),
        *(b'{"format": 99}', b'{"format": true}', b'{"format": 3}'),
        b'{"files": 1, "versions": {"fast stream": "1"}}',
    ],
)
@pytest.mark.parametrize("name", ["manifest.json", ".recipe.json", "manifest.1-of-1.json"])
def test_a_damaged_file_is_one_line_with_its_name(town, tmp_path, name, data):
    generate(town, tmp_path)
    (tmp_path / name).write_bytes(data)
    with pytest.raises(RobustsegError) as caught:
        generate(town, tmp_path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_huge_file_or_a_pipe_is_not_read(town, tmp_path):
    out = tmp_path / "out"
    generate(town, out)
    path = out / "manifest.json"
    with open(path, "wb") as file:
        file.truncate(2**40)
    with pytest.raises(TreeError, match=r"manifest\.json cannot be read: it is larger"):
        verify_tree(out)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(TreeError, match=r"manifest\.json cannot be read: a pipe"):
        generate(town, out)


def rewrite(path, **changes):
    """Change a manifest as a person would who leaves out the digest: format 2 had none."""
    table = json.loads(path.read_text())
    del table["digest"]
    path.write_text(json.dumps(table | {"format": 2} | changes))


@pytest.mark.parametrize("name", ["../x.png", "/etc/passwd", "fog//x", "a\\b", "a\0", "\ud800", ""])
@pytest.mark.parametrize("key", ["files", "links", "left_out"])
def test_a_path_in_a_manifest_stays_in_the_tree(town, tmp_path, key, name):
    generate(town, tmp_path)
    value = {"files": {"file": "0" * 64, "pixels": "0" * 64}, "links": "../x", "left_out": "gone"}
    rewrite(tmp_path / "manifest.json", **{key: {name: value[key]}})
    for start in (lambda: verify_tree(tmp_path), lambda: generate(town, tmp_path)):
        with pytest.raises(RobustsegError, match=r"manifest\.json: ") as caught:
            start()
        assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": -1}, "seed = -1 is out of range; give 0 to 4294967295"),
        ({"seed": True}, "seed: expected int, got bool"),
        ({"stream": "slow"}, "stream: unknown value 'slow'.* Known: fast, reference"),
        ({"probe": {"fog": "0" * 64}}, "'fog' is not a condition"),
        ({"probe": {"fog/2": "0"}}, "'0' is not a sha256"),
        ({"files": {"a.png": {"file": "0", "pixels": "0"}}}, "its digests are not sha256"),
        ({"links": {"a": "/etc"}}, "leads to '/etc'; use a relative path"),
        ({"source_sizes": {"a": "1"}}, "source_sizes.a: expected int, got str"),
    ],
)
def test_a_wrong_value_in_a_manifest_is_named(town, tmp_path, changes, message):
    generate(town, tmp_path)
    rewrite(tmp_path / "manifest.json", **changes)
    with pytest.raises(RobustsegError, match=message):
        verify_tree(tmp_path)


@pytest.mark.parametrize("name", ["../../x.png", "/tmp/x.png", "a/./x.png", "a\n.png"])
def test_an_image_of_a_dataset_is_never_written_outside(town, tmp_path, name):
    images = (replace(town.images()[0], id=name),)
    with pytest.raises(TreeError, match="rename the file"):
        write_tree(town.plan(tmp_path / "a/b/out", images=images))
    assert not (tmp_path / "a").exists()


def test_a_shard_of_a_thousand_million_is_one_line(town, tmp_path):
    generate(town, tmp_path, shard=Shard(1, 2))
    name = "manifest.1-of-999999999.json"
    (tmp_path / "manifest.1-of-2.json").rename(tmp_path / name)
    with pytest.raises(TreeError, match=r"20, 21 and 999999978 more; run generate"):
        verify_tree(tmp_path)


@pytest.mark.parametrize(
    "error",
    [PermissionError("no links"), OSError(errno.EPERM, "no"), OSError(errno.ENOTSUP, "no")],
)
def test_a_disk_without_links_has_images_and_one_line(town, tmp_path, monkeypatch, caplog, error):
    def refuse(*arguments, **options):
        raise error

    monkeypatch.setattr(os, "symlink", refuse)
    monkeypatch.setattr(os, "link", refuse)
    manifest = generate(town, tmp_path / "out", severities=[1, 2])
    assert (len(manifest.files), manifest.links) == (6, {})
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"{tmp_path / 'out/fog/1/gtFine'}: this disk does not support links")
    assert verify_tree(tmp_path / "out").problems == ()
    assert not list((tmp_path / "out").rglob("*.partial*"))


def test_a_link_that_cannot_be_written_is_named_and_not_its_target(town, tmp_path):
    (tmp_path / "out/fog/2/gtFine").mkdir(parents=True)
    with pytest.raises(FileError) as caught:
        generate(town, tmp_path / "out")
    assert str(caught.value).startswith(f"{tmp_path / 'out/fog/2/gtFine'} cannot be written")


def test_a_tree_that_goes_on_says_which_versions_differ(town, tmp_path, libraries_then, caplog):
    generate(town, tmp_path)
    libraries_then(tmp_path, numpy="2.0.1")
    generate(town, tmp_path, severities=[3])
    (line,) = [record.getMessage() for record in caplog.records]
    now = np.__version__
    assert line == (
        f"{tmp_path} continues under other versions (numpy 2.0.1 then, {now} now): the pixels are "
        "the same"
    )


def _without_versions(manifest):
    return replace(manifest, record=replace(manifest.record, libraries={}))
