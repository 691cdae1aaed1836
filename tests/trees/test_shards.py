"""A tree written in parts, by independent processes."""

import errno
import fcntl
import os
import shutil
from itertools import permutations

import pytest

from robustbench_seg.errors import TreeError
from robustbench_seg.records.values.shard import Shard
from robustbench_seg.trees.manifests.manifest import read_manifest
from robustbench_seg.trees.verification import verify_tree
from robustbench_seg.trees.writing.write_tree import write_tree


def make(town, out, index, count=3, **changes):
    return write_tree(town.plan(out, shard=Shard(index, count), **changes))


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_shards_in_any_order_make_the_tree_of_one_run(town, tmp_path, contents, order):
    write_tree(town.plan(tmp_path / "whole"))
    out = tmp_path / "parts"
    for index in order:
        part = make(town, out, index)
        assert len(part.files) == 6
        assert {name.split("/")[-1].split("_leftImg8bit")[0] for name in part.files} == {
            town.names[index - 1]
        }
    assert verify_tree(out).problems == ()
    assert contents(out) == contents(tmp_path / "whole")


def test_more_shards_than_images_are_empty(town, tmp_path, contents):
    write_tree(town.plan(tmp_path / "whole"))
    for index in range(1, 6):
        make(town, tmp_path / "parts", index, count=5)
    assert verify_tree(tmp_path / "parts").problems == ()
    assert contents(tmp_path / "parts") == contents(tmp_path / "whole")


def test_missing_shards_are_named(town, tmp_path):
    make(town, tmp_path, 2)
    with pytest.raises(TreeError, match=r"of 3 shards are not finished: 1, 3; run generate"):
        verify_tree(tmp_path)
    with pytest.raises(TreeError, match="shards that are not merged yet; run robustseg verify"):
        read_manifest(tmp_path)


def test_a_run_without_shards_takes_over(town, tmp_path, contents):
    write_tree(town.plan(tmp_path / "whole"))
    out = tmp_path / "parts"
    make(town, out, 2)
    before = {path: path.stat().st_mtime_ns for path in (out / "fog").rglob("*.png")}
    write_tree(town.plan(out))
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert contents(out) == contents(tmp_path / "whole")


def test_a_tree_grows_by_shards_too(town, tmp_path, contents):
    write_tree(town.plan(tmp_path / "whole"))
    out = tmp_path / "parts"
    write_tree(town.plan(out, corruptions=("fog",)))
    for index in (1, 2, 3):
        make(town, out, index, corruptions=("gaussian_noise", "contrast"))
    assert verify_tree(out).problems == ()
    assert contents(out) == contents(tmp_path / "whole")


def test_a_shard_that_starts_again_keeps_what_it_had(town, tmp_path):
    first = make(town, tmp_path, 1, corruptions=("fog",))
    shutil.rmtree(tmp_path / "fog" / "5")
    again = make(town, tmp_path, 1)
    assert first.files.items() < again.files.items()


def test_partial_files_of_a_shard_are_left_to_its_machine(town, tmp_path):
    out = tmp_path / "out"
    make(town, out, 1)
    partial = out / "fog" / "1" / ".ulm.0a1b2c3d.partial.png"
    partial.write_bytes(b"another machine is writing this")
    make(town, out, 2)
    assert partial.exists()
    make(town, out, 3)
    assert verify_tree(out).problems == ()
    assert not partial.exists()


def test_on_a_file_system_without_locks_merging_sweeps_and_generating_does_not(
    town, tmp_path, monkeypatch
):
    def none(handle, kind):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    monkeypatch.setattr(fcntl, "flock", none)
    out = tmp_path / "out"
    for index in (1, 2, 3):
        make(town, out, index)
    partial = out / "fog" / "1" / ".ulm.0a1b2c3d.partial.png"
    partial.touch()
    write_tree(town.plan(out))
    assert partial.exists()
    make(town, out, 1, corruptions=("snow",))
    make(town, out, 2, corruptions=("snow",))
    make(town, out, 3, corruptions=("snow",))
    assert verify_tree(out).problems == ()
    assert not partial.exists()


def test_shards_merge_without_the_recipe_s_file(town, tmp_path):
    out = tmp_path / "out"
    for index in (1, 2, 3):
        make(town, out, index)
    (out / ".recipe.json").unlink()  # as if a copy omitted the hidden file
    assert verify_tree(out).problems == ()
