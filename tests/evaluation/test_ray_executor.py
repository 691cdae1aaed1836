"""The same rows on a Ray cluster, started here for the tests, also when a worker is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from robustbench_seg.cli.main import main
from robustbench_seg.evaluation.ray_executor import _environment
from tests.evaluation.command import CONDITIONS, IMAGES, arguments, lay_out, rows, start, tables

ray = pytest.importorskip("ray", reason="needs the extra robustseg[ray]")
RAY = [sys.executable, "-m", "ray.scripts.scripts"]


@pytest.fixture
def cluster():
    """Two CPUs of this machine; the address of the head."""
    port = 20000 + os.getpid() % 20000
    head = [*RAY, "start", "--head", f"--port={port}", "--num-cpus=2", "--disable-usage-stats"]
    small = ["--include-dashboard=false", f"--object-store-memory={80 * 2**20}"]
    done = subprocess.run([*head, *small], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    yield f"127.0.0.1:{port}"
    subprocess.run([*RAY, "stop", "--force"], capture_output=True, check=False)


def ray_workers():
    """Processes that run a task now."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().startswith(b"ray::run_block"):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def test_rows_are_those_of_a_local_run_though_a_worker_is_killed(tmp_path, cluster, monkeypatch):
    lay_out(tmp_path)
    broken = tmp_path / "images/3.png"
    broken.write_bytes(broken.read_bytes()[:50])
    local = start(tmp_path, "local", "--threads", "1")
    _, told = local.communicate(timeout=120)
    assert local.returncode == 1, told
    expected = rows(tmp_path / "local")
    assert len(expected) == IMAGES * CONDITIONS

    monkeypatch.setenv("RAY_ADDRESS", cluster)
    process = start(tmp_path, "ray", "--threads", "1", "--executor", "ray")
    deadline = time.monotonic() + 120
    while not (victims := ray_workers()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(victims[0], signal.SIGKILL)
    _, told = process.communicate(timeout=180)
    assert process.returncode == 1
    assert "robustseg: left out: images/3.png: the image file cannot be read" in told
    assert " 90/90 " in told
    assert rows(tmp_path / "ray") == expected
    assert tables(tmp_path / "ray") == tables(tmp_path / "local")
    (one,), (other,) = (tmp_path / "ray").iterdir(), (tmp_path / "local").iterdir()
    assert one.name == other.name
    # Written by a task, on what it ran on, with the command of the user.
    command = json.loads((one / "run.json").read_text())["command"]
    assert command.endswith("--threads 1 --executor ray")


def test_without_a_cluster_the_way_to_one_is_told(tmp_path, monkeypatch):
    def none(*_, **__):
        raise ConnectionError("Could not find any running Ray instance.\nMore.")

    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ray, "init", none)
    result = CliRunner().invoke(main, arguments("none", "--executor", "ray"))
    assert result.exit_code == 2
    assert result.stderr == (
        "robustseg: no Ray cluster found (Could not find any running Ray instance.): start one "
        "with 'ray start --head', or set RAY_ADDRESS\n"
    )


def test_nodes_see_what_the_command_sees(monkeypatch):
    monkeypatch.setenv("CITYSCAPES_DATASET", "/data")
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    seen = {"CITYSCAPES_DATASET": "/data", "GOMP_SPINCOUNT": "7"}
    assert _environment() == {"env_vars": seen}
    monkeypatch.delenv("CITYSCAPES_DATASET")
    monkeypatch.delenv("GOMP_SPINCOUNT")
    assert _environment() == {}


def test_shards_are_for_machines_without_a_cluster():
    result = CliRunner().invoke(main, arguments("out", "--executor", "ray", "--shard", "1/2"))
    assert result.exit_code == 2
    assert "robustseg: a shard is for machines that share no cluster; leave it out" in result.stderr
