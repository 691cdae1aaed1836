"""The manifest, and the record that is written before it."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from robustbench_seg.errors import CardError, TreeError
from robustbench_seg.machine.locks import exclusive
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.trees.manifests.manifest import (
    Digests,
    Manifest,
    read_manifest,
    write_manifest,
)
from robustbench_seg.trees.manifests.tree_record import CorruptionChoice, tree_record
from robustbench_seg.trees.writing.resume import begin_or_resume, read_tree_record


@pytest.fixture
def ours():
    protocol = load_protocol()
    conditions = protocol.conditions(["snow", "fog"])
    record = tree_record(CorruptionChoice(protocol), "cityscapes", "val", conditions, {})
    return replace(record, probe={"fog/3": "a" * 64})


@pytest.fixture
def manifest(ours):
    return Manifest(
        record=ours,
        files={
            "fog/3/b.png": Digests("1" * 64, "2" * 64),
            "fog/3/a.png": Digests("3" * 64, "4" * 64),
        },
        links={"gt": "../gt"},
        left_out={"c.png": "broken"},
    )


def accept(folder, record):
    return begin_or_resume(folder, record, lambda begun: None)


def test_a_manifest_reads_back_as_it_was_written_with_its_paths_sorted(tmp_path, manifest):
    write_manifest(tmp_path, manifest)
    assert read_manifest(tmp_path) == manifest
    table = json.loads((tmp_path / "manifest.json").read_text())
    assert table["format"] == 3
    assert list(table["files"]) == ["fog/3/a.png", "fog/3/b.png"]
    assert table["files"]["fog/3/b.png"] == {"file": "1" * 64, "pixels": "2" * 64}
    assert table["laws"] == {"fog": 1, "snow": 1}
    assert table["probe"] == {"fog/3": "a" * 64}
    assert {"numpy", "opencv", "robustseg"} < table["libraries"].keys()
    assert {key: table[key] for key in ("protocol", "protocol_version", "stream", "seed")} == {
        "protocol": "cityscapes-c",
        "protocol_version": load_protocol().version,
        "stream": "fast",
        "seed": 0,
    }


def test_of_records_that_come_at_once_one_wins(tmp_path, ours):
    def attempt(seed):
        try:
            accept(tmp_path, replace(ours, seed=seed))
        except TreeError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
    assert [path.name for path in tmp_path.iterdir()] == [".recipe.json"]
    winner = json.loads((tmp_path / ".recipe.json").read_text())["seed"]
    accept(tmp_path, replace(ours, seed=winner))


def test_conditions_that_come_at_once_are_all_recorded(tmp_path, ours):
    accept(tmp_path, replace(ours, probe={}))
    probes = [{f"fog/{i}": f"{i}" * 64} for i in range(1, 6)]
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda probe: accept(tmp_path, replace(ours, probe=probe)), probes))
    assert read_tree_record(tmp_path).probe == {f"fog/{i}": f"{i}" * 64 for i in range(1, 6)}


def test_a_turn_at_a_file_that_was_replaced_is_waited_for(tmp_path):
    file, order = tmp_path / "file", []
    file.touch()

    def second():
        with exclusive(file):
            order.append("second")

    with exclusive(file):
        waiting = threading.Thread(target=second)
        waiting.start()
        time.sleep(0.2)
        (tmp_path / "fresh").touch()
        (tmp_path / "fresh").replace(file)
        with exclusive(file):  # locks the new file, which no process has locked
            time.sleep(0.2)
            order.append("first")
    waiting.join(60)
    assert order == ["first", "second"]


def test_a_failing_check_leaves_the_record_as_it_was(tmp_path, ours):
    accept(tmp_path, replace(ours, probe={}))
    before = (tmp_path / ".recipe.json").read_bytes()

    def refuse(begun):
        raise TreeError("other pixels")

    with pytest.raises(TreeError, match="other pixels"):
        begin_or_resume(tmp_path, ours, refuse)
    assert (tmp_path / ".recipe.json").read_bytes() == before


def test_only_laws_of_shared_corruptions_are_compared(ours):
    law = replace(ours, laws={"fog": 2, "snow": 1})
    assert ours.differences(law) == ("its fog has law 1, not 2",)
    assert ours.differences(replace(ours, laws={"frost": 7, "snow": 1})) == ()


def test_libraries_and_the_name_of_the_protocol_are_no_difference(ours):
    others = {"robustseg": "9", "numpy": "9"}
    assert ours.differences(replace(ours, libraries=others, protocol="mine")) == ()
    assert ours.differences(replace(ours, severities_digest="0")) == (
        "the severities of cityscapes-c 1 have other parameters",
    )
    assert ours.differences(replace(ours, severities_digest="0", protocol="mine")) == (
        "its severities are those of cityscapes-c 1, not of mine 1",
    )
    assert ours.differences(replace(ours, stream_version=1)) == (
        f"its stream version is {ours.stream_version}, not 1",
    )


def test_a_manifest_of_format_1_is_read(tmp_path, manifest, first_format):
    write_manifest(tmp_path, manifest)
    accept(tmp_path, manifest.record)
    first_format(tmp_path, numpy="1.26.4")
    read = read_manifest(tmp_path)
    assert (read.files, read.links, read.left_out) == (
        manifest.files,
        manifest.links,
        manifest.left_out,
    )
    assert read.record.libraries == {**manifest.record.libraries, "numpy": "1.26.4"}
    assert read.record.laws == {"fog": 1}  # only of its corruptions
    assert read.record.probe == {}
    assert read.record.differences(manifest.record) == ()
    assert read_tree_record(tmp_path).laws == {"fog": 1}


def test_the_stream_of_format_1_had_a_version(tmp_path, manifest, first_format):
    write_manifest(tmp_path, manifest)
    accept(tmp_path, manifest.record)
    first_format(tmp_path, **{"fast stream": "1"})
    assert read_manifest(tmp_path).record.differences(manifest.record) == (
        f"its stream version is 1, not {manifest.record.stream_version}",
    )
    table = json.loads((tmp_path / "manifest.json").read_text())
    del table["versions"]
    (tmp_path / "manifest.json").write_text(json.dumps(table))
    with pytest.raises(CardError, match=r"manifest\.json: the key 'versions' is missing"):
        read_manifest(tmp_path)


def test_a_newer_format_is_refused(tmp_path, manifest):
    write_manifest(tmp_path, manifest)
    path = tmp_path / "manifest.json"
    path.write_text(path.read_text().replace('"format": 3', '"format": 4'))
    with pytest.raises(
        TreeError, match=r"manifest\.json has format 4, but this version .* use a newer version"
    ):
        read_manifest(tmp_path)
