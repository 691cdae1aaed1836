"""The same rows on a Ray cluster, started here for the tests, also when a worker is killed."""

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import numpy as np
import pytest
from click.testing import CliRunner

from robustbench_seg.cli.main import main
from robustbench_seg.evaluation.ray_executor import _environment
from tests.evaluation.attacks.command import ROWS, attack_arguments, lay_out_attacks
from tests.evaluation.command import (
    CONDITIONS,
    IMAGES,
    Forked,
    arguments,
    lay_out,
    rows,
    start,
    start_afresh,
    tables,
)

ray = pytest.importorskip("ray", reason="needs the extra robustseg[ray]")
psutil = pytest.importorskip("psutil")  # installed with ray
RAY = [sys.executable, "-m", "ray.scripts.scripts"]


def free_ports(count):
    """Free ports of this machine."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@pytest.fixture
def cluster(tmp_path):
    """Two CPUs of this machine; the process of the head, and its address.

    Another Ray on this machine is left alone: ports and folder are of this cluster's own, and it
    ends with its head.
    """
    folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")  # for sockets, whose paths must be short
    names = ("port", "dashboard-agent-listen-port", "metrics-export-port")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    words = [
        *("--head", "--block", *(f"--{name}={port}" for name, port in ports.items())),
        *(f"--temp-dir={folder}", "--node-ip-address=127.0.0.1", "--include-dashboard=false"),
        *("--num-cpus=2", f"--object-store-memory={80 * 2**20}", "--disable-usage-stats"),
    ]
    log = tmp_path / "head.log"
    with log.open("w") as file:
        head = subprocess.Popen([*RAY, "start", *words], stdout=file, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 120
        while "Ray runtime started" not in log.read_text():
            assert head.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield head, f"127.0.0.1:{ports['port']}"
    finally:
        started = psutil.Process(head.pid).children(recursive=True) if head.poll() is None else []
        head.terminate()
        head.wait(timeout=60)
        _, left = psutil.wait_procs(started, timeout=30)
        for process in left:
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def workers_of(head):
    """The processes of the cluster that run a task now."""
    found = []
    for process in psutil.Process(head.pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if " ".join(process.cmdline()).startswith("ray::run_block"):
                found.append(process)
    return found


def test_rows_are_those_of_a_local_run_though_a_worker_is_killed(
    tmp_path, cluster, monkeypatch, blank_figures
):
    lay_out(tmp_path)
    broken = tmp_path / "images/3.png"
    broken.write_bytes(broken.read_bytes()[:50])
    local = start(tmp_path, "local", "--threads", "1")
    _, told = local.communicate(timeout=120)
    assert local.returncode == 1, told
    expected = rows(tmp_path / "local")
    assert len(expected) == IMAGES * CONDITIONS

    head, address = cluster
    monkeypatch.setenv("RAY_ADDRESS", address)
    process = start_afresh(tmp_path, "ray", "--threads", "1", "--executor", "ray")
    deadline = time.monotonic() + 120
    while not (victims := workers_of(head)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    victims[0].kill()
    _, told = process.communicate(timeout=180)
    assert process.returncode == 1
    assert "robustseg: left out: images/3.png: the image file cannot be read" in told
    assert " 90/90 " in told
    assert rows(tmp_path / "ray") == expected
    assert tables(tmp_path / "ray") == tables(tmp_path / "local")
    (one,), (other,) = (tmp_path / "ray").iterdir(), (tmp_path / "local").iterdir()
    assert one.name == other.name
    # A task writes it, with its own hardware and the user's command.
    command = json.loads((one / "run.json").read_text())["command"]
    assert command.endswith("--threads 1 --executor ray")


@pytest.mark.slow
def test_attacked_rows_are_those_of_a_local_run(tmp_path, cluster, monkeypatch):
    lay_out_attacks(tmp_path)
    _, address = cluster
    monkeypatch.setenv("RAY_ADDRESS", address)
    for out, more in (("local", ()), ("ray", ("--executor", "ray"))):
        process = Forked(tmp_path, attack_arguments(out, *more))
        _, told = process.communicate(timeout=300)
        assert process.returncode == 0, told
    expected = rows(tmp_path / "local")
    assert len(expected) == ROWS
    assert rows(tmp_path / "ray") == expected


MAP = """
model = ["dark", "bright"]
dataset = ["dark", "bright"]
[map]
dark = "bright"
bright = "ignore"
[impossible]
dark = "leave-out"
"""


@pytest.mark.slow
def test_a_class_map_gives_the_rows_of_a_local_run_on_a_cluster_and_in_shards(
    tmp_path, cluster, monkeypatch
):
    lay_out(tmp_path)
    (tmp_path / "swap.toml").write_text(MAP)
    mapped = ("--threads", "1", "--class-map", "swap.toml")
    _, address = cluster
    monkeypatch.setenv("RAY_ADDRESS", address)
    places = {"local": [()], "ray": [("--executor", "ray")]}
    places["shards"] = [("--shard", "1/2"), ("--shard", "2/2")]
    for out, turns in places.items():
        for more in turns:
            begin = start_afresh if out == "ray" else start
            process = begin(tmp_path, out, *mapped, *more)
            _, told = process.communicate(timeout=300)
            assert process.returncode == 0, told
    expected = rows(tmp_path / "local")
    assert len(expected) == IMAGES * CONDITIONS
    bright = sum(np.array(matrix) for matrix in expected.values())
    assert bright.shape == (2, 3)
    assert bright[0].sum() == 0, "dark is left out"
    assert bright[1, 1] > 0
    assert bright[1, 2] > 0
    for out in ("ray", "shards"):
        assert rows(tmp_path / out) == expected, out
        (one,), (other,) = (tmp_path / out).iterdir(), (tmp_path / "local").iterdir()
        assert one.name == other.name


def test_without_a_cluster_the_way_to_one_is_told(tmp_path, monkeypatch):
    def none(*_, **__):
        raise ConnectionError("Could not find any running Ray instance.\nMore.")

    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ray, "init", none)
    result = CliRunner().invoke(main, arguments("none", "--executor", "ray"))
    assert result.exit_code == 2
    assert result.stderr == (
        "robustseg: no Ray cluster found (Could not find any running Ray instance.); start one "
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
    assert (
        "a shard is for machines without a cluster; leave out shard or the executor ray"
        in result.stderr
    )
