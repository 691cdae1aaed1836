"""A run continues under other library versions, unless these change pixels or labels."""

import base64
import json
import re
import shutil
import sys
import tracemalloc
import zlib
from dataclasses import dataclass
from importlib import metadata

import numpy as np
import pytest

from robustbench_seg.corruption import digital
from robustbench_seg.errors import ResultsError
from robustbench_seg.evaluation.probe import check_probe
from robustbench_seg.machine.locks import registered
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.store import read_probes, read_results
from tests.evaluation.conftest import CLASSES, evaluate


@dataclass
class Network:
    """A segmenter of this program's own, which labels `flipped` pixels differently."""

    flipped: int = 0
    calls: int = 0
    name: str = "net"
    classes: tuple[str, ...] = CLASSES
    record = SegmenterRecord("net", weights="abc")
    about = ModelFacts()

    def __call__(self, image):
        self.calls += 1
        labels = np.minimum(image[..., 0] // 86, 2).astype(np.uint8)
        first = labels.reshape(-1)[: self.flipped]
        first[:] = (first + 1) % 3
        return labels


PROBED = 1
"""Calls of a network that a probe takes."""


@pytest.fixture
def start(toy, protocol, conditions, tmp_path):
    """Start the same evaluation, from the beginning or again; returns the run folder."""

    def again(segmenter, count=5, **options):
        asked = conditions[: count - 1]
        (folder,) = evaluate([segmenter], toy(4), protocol, asked, tmp_path / "runs", **options)
        return folder

    return again


@pytest.fixture
def upgrade(monkeypatch):
    """Other versions of this package and of NumPy."""

    def make(numpy="9.9.9", package="8.8"):
        version = metadata.version
        monkeypatch.setattr(
            metadata, "version", lambda name: numpy if name == "numpy" else version(name)
        )
        module = sys.modules["robustbench_seg.corruption.probes"]
        monkeypatch.setattr(module, "__version__", package)

    return make


def test_each_start_that_is_the_same_leaves_one_probe(start, reds):
    folder = start(reds(), 2)
    start(reds(), 2)
    (probe,) = read_probes(folder)
    assert probe.images.keys() == {"gaussian_noise/1"}
    assert probe.labels is None, "of a user's segmenter, whose version says what it answers"
    assert probe.differing is None
    start(reds(), 5)
    assert [len(each.images) for each in read_probes(folder)] == [1, 3], "what is new is added"


def test_an_upgrade_recomputes_nothing_and_goes_on_in_the_folder(start, upgrade, caplog):
    first, second = Network(), Network()
    folder = start(first, 3)
    assert first.calls == 3 * 4 + PROBED
    record, parts = (folder / "run.json").read_bytes(), {*(folder / "parts").iterdir()}
    upgrade()
    idle = Network()
    assert start(idle, 3) == folder
    assert idle.calls == 0, "nothing is missing, so nothing is probed"
    assert start(second) == folder
    assert second.calls == 2 * 4 + PROBED
    (line,) = [text for text in caplog.messages if "continues under other versions" in text]
    assert re.search(r"numpy \S+ then, 9\.9\.9 now", line)
    assert (folder / "run.json").read_bytes() == record
    assert {*(folder / "parts").iterdir()} > parts
    before, after = read_probes(folder)
    assert (after.libraries["numpy"], after.libraries["robustseg"]) == ("9.9.9", "8.8")
    assert before.libraries["numpy"] != "9.9.9"
    assert after.differing == 0
    assert set(after.images) == {"contrast/1", "contrast/4"}


@pytest.mark.parametrize("upgraded", [True, False])
def test_a_changed_corruption_is_one_line_that_names_it(
    start, reds, upgrade, monkeypatch, upgraded
):
    with pytest.raises(KeyboardInterrupt):
        start(reds(fails_at=6), 4)
    truncated = digital.truncated
    monkeypatch.setattr(digital, "truncated", lambda levels: truncated(levels + 1 / 255))
    if upgraded:
        upgrade()
    model = reds()
    with pytest.raises(ResultsError) as caught:
        start(model, 4)
    message = str(caught.value)
    assert "\n" not in message
    assert ": contrast at severity 1 gives different pixels than when this run began (" in message
    why = "; numpy " if upgraded else "(the versions are the same, so the program was changed); use"
    assert why in message
    assert model.calls == 0
    folder = start(model, 3)  # unchanged settings continue
    assert read_results(folder)["matrix"].notna().sum() == 4 * 3 + 1


def test_labels_that_differ_little_are_recorded(start, upgrade):
    """Of 192 x 288 pixels 5 are fewer than one in ten thousand, 6 are more."""
    folder = start(Network(), 3)
    upgrade()
    start(Network(flipped=5))
    assert [probe.differing for probe in read_probes(folder)] == [None, 5 / (192 * 288)]


def test_labels_that_differ_much_are_refused(start, upgrade):
    folder = start(Network(), 3)
    parts = sorted((folder / "parts").iterdir())
    upgrade()
    network = Network(flipped=6)
    with pytest.raises(ResultsError) as caught:
        start(network)
    message = str(caught.value)
    assert message.startswith(
        f"{folder}: the network labels 0.01 % of the built-in image differently than when this run "
        "began (robustseg "
    )
    assert "; numpy " in message
    assert message.endswith(
        " then, 9.9.9 now); use the same versions and device as then, or another folder of runs"
    )
    assert network.calls == PROBED
    assert sorted((folder / "parts").iterdir()) == parts
    assert len(read_probes(folder)) == 1


def test_another_device_is_named(start, monkeypatch):
    folder = start(Network(), 3)
    (before,) = read_probes(folder)
    monkeypatch.setattr("robustbench_seg.evaluation.probe.hardware", lambda device: "a GPU")
    with pytest.raises(ResultsError) as caught:
        start(Network(flipped=99))
    assert f"(on {before.hardware} then, a GPU now)" in str(caught.value)
    start(Network())
    assert [probe.hardware for probe in read_probes(folder)] == [before.hardware, "a GPU"]


def test_a_probe_that_cannot_be_read_is_named(start, reds):
    folder = start(reds(), 2)
    (path,) = (folder / "probes").iterdir()
    path.write_text(json.dumps({"libraries": {}}))
    with pytest.raises(
        ResultsError, match=rf"{path} cannot be read \(.*'hardware' is missing\); rem"
    ):
        start(reds())


def test_images_of_a_tree_are_probed_by_what_the_tree_recorded(
    start, reds, toy, conditions, tree, monkeypatch
):
    with pytest.raises(KeyboardInterrupt):
        start(reds(fails_at=6), 4)
    truncated = digital.truncated
    with monkeypatch.context() as patch:
        patch.setattr(digital, "truncated", lambda levels: truncated(levels + 1 / 255))
        changed = tree(toy(4), conditions)
    with pytest.raises(
        ResultsError, match="contrast at severity 1 gives different pixels than when"
    ):
        start(reds(), 4, corrupted=changed)
    shutil.rmtree(changed)
    model = reds()
    start(model, 4, corrupted=tree(toy(4), conditions))
    assert model.calls == 4 * 4 - 6


def test_another_start_does_not_sweep_the_probe_that_is_being_written(start, reds, monkeypatch):
    swept = []

    def check(folder, *others):
        partial = folder / "probes" / ".x.01234567.partial.json"
        partial.parent.mkdir(exist_ok=True)
        partial.touch()
        with registered(folder) as sweep:
            sweep()
        swept.append(not partial.exists())
        partial.unlink(missing_ok=True)
        check_probe(folder, *others)

    monkeypatch.setattr("robustbench_seg.evaluation.run_opening.check_probe", check)
    start(reds(), 2)
    assert swept == [False]


@pytest.mark.parametrize(
    "labels", ["%%%", "x", base64.b64encode(b"no zlib").decode(), "eJw="], ids=range(4)
)
def test_labels_of_a_probe_that_cannot_be_unpacked_are_one_line(start, upgrade, labels):
    _altered(start(Network(), 3), labels)
    upgrade()
    with pytest.raises(ResultsError, match=r"the labels of an earlier run cannot be read \(.*\)"):
        start(Network())


def test_labels_of_a_probe_that_unpack_to_far_more_are_not_unpacked(start, upgrade):
    _altered(start(Network(), 3), base64.b64encode(zlib.compress(bytes(1 << 28))).decode())
    upgrade()
    tracemalloc.start()
    folder = start(Network())
    assert tracemalloc.get_traced_memory()[1] < 1 << 27
    tracemalloc.stop()
    assert read_probes(folder)[-1].differing is None


def _altered(folder, labels):
    (path,) = (folder / "probes").glob("*.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "labels": labels}))
