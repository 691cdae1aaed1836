"""The manifest and the recipe that stands before it."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from robustbench_seg.errors import CorruptionError
from robustbench_seg.records.protocol import load_protocol
from robustbench_seg.trees.manifest import (
    Digests,
    Manifest,
    claim,
    read_manifest,
    recipe,
    write_manifest,
)


@pytest.fixture
def ours():
    return recipe(load_protocol(), "fast", 0, "cityscapes", "val")


def test_a_manifest_reads_back_as_it_was_written_with_its_paths_sorted(tmp_path, ours):
    manifest = Manifest(
        **vars(ours),
        files={"b.png": Digests("1", "2"), "a.png": Digests("3", "4")},
        links={"gt": "../gt"},
        left_out={"c.png": "broken"},
    )
    write_manifest(tmp_path, manifest)
    assert read_manifest(tmp_path) == manifest
    table = json.loads((tmp_path / "manifest.json").read_text())
    assert list(table["files"]) == ["a.png", "b.png"]
    assert table["files"]["b.png"] == {"file": "1", "pixels": "2"}
    assert {key: table[key] for key in ("protocol", "protocol_version", "stream", "seed")} == {
        "protocol": "cityscapes-c",
        "protocol_version": load_protocol().version,
        "stream": "fast",
        "seed": 0,
    }


def test_of_recipes_that_come_at_once_one_wins(tmp_path, ours):
    def attempt(seed):
        try:
            claim(tmp_path, replace(ours, seed=seed))
        except CorruptionError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
    assert [path.name for path in tmp_path.iterdir()] == [".recipe.json"]
    winner = json.loads((tmp_path / ".recipe.json").read_text())["seed"]
    claim(tmp_path, replace(ours, seed=winner))
