"""`evaluate --processes N`: the rows of one process, though several compute them."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest
import torch

import robustbench_seg as rs
from robustbench_seg.datasets import open_dataset
from robustbench_seg.errors import OptionError
from robustbench_seg.evaluation import open_evaluation, other_processes
from robustbench_seg.evaluation.other_processes import _opened, _share
from robustbench_seg.machine.threads import threads_of_each
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec, evaluation_spec
from robustbench_seg.records.values.shard import Shard
from tests.evaluation.command import CONDITIONS, IMAGES, lay_out, rows, start, start_afresh

B0 = "segformer-b0-minicity"
THREADS = ("--threads", "1")
TWO = (*THREADS, "--processes", "2")


def parts(out):
    """The bytes of the finished parts by name, of all runs in a folder."""
    return {path.name: path.read_bytes() for path in out.glob("*/parts/[!.]*.parquet")}


def children(parent):
    """The processes that a process has started; of the first generation."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # the process has ended
        command = path.with_name("cmdline")
        if int(fields[1]) == parent and "spawn_main" in command.read_text():
            found.append(int(path.parent.name))
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("place")
    lay_out(folder)
    assert start(folder, "one", *THREADS).wait(timeout=120) == 0
    return folder


def test_parts_are_those_of_one_process_and_an_image_left_out_is_named_once(tmp_path):
    lay_out(tmp_path)
    broken = tmp_path / "images/3.png"
    broken.write_bytes(broken.read_bytes()[:50])
    process = start_afresh(tmp_path, "two", *TWO)
    _, told = process.communicate(timeout=180)
    assert process.returncode == 1, told
    assert f" {(IMAGES - 1) * CONDITIONS}/{IMAGES * CONDITIONS} " in told
    assert told.count("left out: images/3.png: the image file cannot be read") == 1
    assert told.count("robustseg: left out: images/3.png: the image file cannot be read") == 1
    assert start(tmp_path, "one", *THREADS).wait(timeout=120) == 1
    # The first process tries the image again, and writes it as a separate part.
    assert parts(tmp_path / "one").items() < parts(tmp_path / "two").items()
    assert rows(tmp_path / "two") == rows(tmp_path / "one")


def test_finished_images_need_no_process(tmp_path, monkeypatch):
    given = {"model": B0, "dataset": "minicity", "limit": 5, "corruptions": "clean"}
    given |= {"measures": "confusion", "threads": 1, "out": tmp_path}
    rs.evaluate(**given)
    began = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(other_processes, "run_in_processes", None)  # a call would fail
    rs.evaluate(**given, processes=2)
    assert sorted(tmp_path.rglob("*")) == began


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
@pytest.mark.slow  # tests/machine/test_pool.py also kills a process
@pytest.mark.parametrize("killed", [False, True], ids=["interrupted", "a process was killed"])
def test_what_is_finished_is_kept_and_goes_on(place, killed):
    out = place / f"ended-{killed}"
    process = start_afresh(place, out.name, *TWO)
    deadline = time.monotonic() + 120
    while not parts(out):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    started = children(process.pid)
    assert len(started) == 2
    if killed:
        os.kill(started[0], signal.SIGKILL)
    else:
        process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=120)
    last = told.splitlines()[-1]
    if killed:
        assert process.returncode == 2
        assert last.startswith(
            "robustseg: a process died, perhaps because memory ran out; finished"
        )
    else:
        assert process.returncode == 130
        assert last == "robustseg: interrupted; finished work is kept"
    assert "Traceback" not in told
    assert not any(Path(f"/proc/{one}").exists() for one in started)
    assert list(out.rglob("*.partial*")) == [] or killed
    kept = rows(out)
    assert 0 < len(kept) < IMAGES * CONDITIONS
    went_on = start_afresh(place, out.name, *TWO)
    _, told = went_on.communicate(timeout=120)
    assert went_on.returncode == 0, told
    assert rows(out) == rows(place / "one")


@pytest.mark.slow
def test_shards_of_shards_of_a_network_of_torch(tmp_path):
    given = {"model": B0, "dataset": "minicity", "limit": 20, "corruptions": "contrast"}
    given |= {"severities": 3, "threads": 1}
    rs.evaluate(**given, out=tmp_path / "one")
    for index in (1, 2):
        rs.evaluate(**given, out=tmp_path / "both", shard=Shard(index, 2), processes=2)
    assert len(parts(tmp_path / "one")) == 5
    assert parts(tmp_path / "both") == parts(tmp_path / "one")


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process from /proc")
def test_weights_are_mapped_from_one_file(tmp_path):
    spec = evaluation_spec(B0, dataset="minicity", limit=1, corruptions="clean")
    given = open_evaluation(spec)
    _share(given, tmp_path)
    opened = _opened(spec, tmp_path)
    maps = [line.split() for line in Path("/proc/self/maps").read_text().splitlines()]
    ours = [
        [int(end, 16) for end in words[0].split("-")]
        for words in maps
        if words[-1] == str(tmp_path / "segmenter-0.pt")
    ]
    weights = list(opened.segmenters[0].network.parameters())
    assert len(weights) > 50
    for weight in weights:
        assert any(start <= weight.data_ptr() < end for start, end in ours)
    image = open_dataset("minicity")[0].image
    before, now = given.segmenters[0].logits(image), opened.segmenters[0].logits(image)
    assert torch.equal(before, now)
    assert opened.segmenters[0].record == given.segmenters[0].record


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_a_runtime_is_started_in_each_process(tmp_path, backend):
    spec = evaluation_spec(B0, dataset="minicity", limit=1, backend=backend, corruptions="clean")
    given = open_evaluation(spec)
    _share(given, tmp_path)
    assert not (tmp_path / "segmenter-0.pt").exists()
    (segmenter,) = _opened(spec, tmp_path).segmenters
    assert segmenter.record == given.segmenters[0].record


def test_threads_are_shared_out():
    all_of_them = torch.get_num_threads()
    assert threads_of_each(None, 1) is None
    assert threads_of_each(3, 2) == 3
    assert threads_of_each(None, 2) == max(1, all_of_them // 2)
    assert threads_of_each(None, 10_000) == 1


@pytest.mark.parametrize("options", [{"executor": "ray"}, {"device": "cuda"}])
def test_they_are_for_the_cpus_of_one_machine(options):
    with pytest.raises(OptionError, match="processes is for the CPUs of this machine"):
        EvaluationSpec(("m",), processes=2, **options)
    with pytest.raises(OptionError, match="processes = 0 is out of range"):
        EvaluationSpec(("m",), processes=0)


def test_an_object_that_cannot_be_pickled_is_named(toy, tmp_path):
    given = {"name": "mine", "classes": toy().classes, "version": "1", "out": tmp_path}
    with pytest.raises(OptionError) as caught:
        rs.evaluate(model=lambda image: image[..., 0], dataset=toy(), processes=2, **given)
    said = str(caught.value)
    assert said.startswith("processes: mine cannot be sent to another process (")
    assert "\n" not in said
    assert list(tmp_path.iterdir()) == []
