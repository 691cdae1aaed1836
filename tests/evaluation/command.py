"""evaluate as a separate process, on a small dataset, with a slow model."""

import contextlib
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
from click.testing import CliRunner
from PIL import Image

from robustbench_seg.cli.main import main
from robustbench_seg.store import read_results

IMAGES, CONDITIONS = 10, 9

FULL = "disk-is-full"
"""A file of this name in the folder: from now on no file may grow beyond 500 bytes, which is less
than any part has."""

CALLED = "model-was-called"
"""A file of this name appears in the folder with the first image that the model is given."""

MODEL = """
import os
import resource
import time
import numpy as np

class Reds:
    name, classes, version = "reds", ("dark", "bright"), "1"

    def __call__(self, image):
        open("model-was-called", "w").close()
        if os.path.exists("disk-is-full"):
            _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))
        time.sleep(0.02)
        return (image[..., 0] >> 7).astype(np.uint8)
"""

DATASET = """
name = "rooms"
images = "images/*.png"
labels = "labels/*.png"
classes = ["dark", "bright"]
"""


def lay_out(folder: Path, images: int = IMAGES) -> None:
    """The dataset and the model."""
    rng = np.random.default_rng(0)
    for kind in ("images", "labels"):
        (folder / kind).mkdir()
    for i in range(images):
        image = np.kron(rng.integers(0, 256, (5, 6, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
        Image.fromarray(image).save(folder / f"images/{i}.png")
        Image.fromarray(image[..., 0] // 128).save(folder / f"labels/{i}.png")
    (folder / "rooms.toml").write_text(DATASET)
    (folder / "slow_reds.py").write_text(MODEL)


def arguments(out: str, *more: str) -> list[str]:
    some = [f"--corruption={name}" for name in ("contrast", "fog", "gaussian_noise", "motion_blur")]
    some += ["--severity=1", "--severity=4", "--out", out, "--model", "python:slow_reds:Reds"]
    return ["evaluate", "--dataset", "rooms.toml", *some, *more]


FORKED = """
import os, signal, sys
os.chdir(FOLDER)
for number, name in ((1, "stdout"), (2, "stderr")):
    os.dup2(os.open(f"{STREAMS}.{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = ["robustseg", *WORDS]
sys.path.insert(0, "")
from robustbench_seg.cli.main import main
main()
"""


class Forked:
    """The command in a fork of a process that has imported all of it, which takes seconds.

    A separate process in everything else: signals, exit code, streams, locks. Its interface is
    that of subprocess.Popen.
    """

    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(["robustbench_seg.evaluation", "robustbench_seg.cli.main"])
    count = 0

    def __init__(self, folder: Path, words: list[str]):
        Forked.count += 1
        self._streams = folder / f".streams-{Forked.count}"
        names = {"FOLDER": str(folder), "STREAMS": str(self._streams), "WORDS": words}
        # exec: a function of the tests could not be imported there
        self._process = self.forks.Process(target=exec, args=(FORKED, names))
        self._process.start()

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    poll = returncode.fget

    def send_signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):  # the process has ended
            os.kill(self._process.pid, number)

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        assert self.returncode is not None, f"still running after {timeout} s"
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        self.wait(timeout)
        return tuple(Path(f"{self._streams}.{name}").read_text() for name in ("stdout", "stderr"))


def start(folder: Path, out: str, *more: str) -> Forked:
    """Start it in `folder`."""
    return Forked(folder, arguments(out, *more))


def start_afresh(
    folder: Path, out: str, *more: str, descriptors: int | None = None
) -> "subprocess.Popen[str]":
    """Start it in `folder` as a new program, with a limit of open files."""

    def prepare() -> None:
        # As a shell's background job, its children would otherwise inherit that Ctrl-C is ignored.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if descriptors is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

    code = "from robustbench_seg.cli.main import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments(out, *more)],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=prepare,
    )


def rows(out: Path) -> dict[tuple[str, str, int], list[list[int]] | str]:
    """The values that equal runs share, or the reason of a missing row; no row occurs twice."""
    table = read_results(out)
    assert not table.duplicated(["image", "corruption", "severity"]).any()
    return {
        (row.image, row.corruption, row.severity): row.reason or row.matrix.tolist()
        for row in table.itertuples()
    }


def tables(out: Path) -> dict[str, bytes]:
    """The score tables of the report on `out`."""
    report = out.with_name(f"{out.name}-report")
    done = CliRunner().invoke(main, ["report", str(out), "--out", str(report), "--no-pictures"])
    assert done.exit_code == 0, done.output
    return {path.name: path.read_bytes() for path in (report / "tables").glob("*.csv")}
