"""Run folders: a changed score is never read, whatever happened to a part."""

import json

import numpy as np
import pytest
from mutations import HOSTILE, ONLY_JSON, altered, damaged, flipped

from robustbench_seg.measures import MEASURES
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.runs.run_key import DatasetRecord, PerturbationRecord, RunKey
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.page_report import report
from robustbench_seg.store import Row, RunFolder, part_files, read_results
from robustbench_seg.store.parts import read_part
from tests.fuzz.conftest import randoms, seeds

CLASSES = ("x", "y", "z")


@pytest.fixture
def folder(tmp_path):
    """A run of three images under six conditions, one of them left out."""
    protocol = load_protocol()
    key = RunKey(
        SegmenterRecord("toy", weights="abc"),
        DatasetRecord("toy", "val", 3, CLASSES, {"files": "f"}),
        PerturbationRecord("fast", 2, 0, protocol.severities_digest, {"fog": 1}),
    )
    about = ModelFacts(params=1000, macs=2000)
    record = RunRecord("toy", key, protocol.name, protocol.version, about=about)
    folder = RunFolder.open(tmp_path / "runs", record)
    rng = np.random.default_rng(0)
    rows = []
    for n in range(3):
        for condition in (CLEAN, *protocol.conditions(["fog"], ())):
            values = {measure.name: rng.uniform(0, 9, measure.shape(3)) for measure in MEASURES}
            values |= {
                "confusion": rng.integers(0, 500, (3, 3)),
                "image_miou": rng.uniform(0, 100, 2),
            }
            levels = np.zeros(2000, np.int64)  # few values differ, so that a part stays small
            levels[:3] = rng.integers(0, 99, 3)
            values |= {"confidence": levels, "confidence_t": levels + 1}
            rows.append(Row(f"{n}.png", condition, values))
    rows[-1] = Row(rows[-1].image, rows[-1].condition, reason="it is broken")
    folder.add(0, rows)
    return folder.path


def observed(path):
    """The whole content of a part, as plain values."""
    part = read_part(path, len(CLASSES))
    values = {name: counts.tolist() for name, counts in part.values.items()}
    return list(part.images), list(part.conditions), list(part.reasons), values


@seeds(400, 8000)
def test_a_damaged_part_changes_no_score(attack, folder, seeds):
    (path,) = part_files(folder)
    data, wanted = path.read_bytes(), observed(path)
    assert set(wanted[3]) == {measure.name for measure in MEASURES}
    for seed, random in randoms(seeds, "part"):
        done, changed = damaged(data, random)
        path.write_bytes(changed)
        found = attack.read(seed, done, lambda: observed(path))
        if found is not None and found != wanted:
            attack.fault(seed, done, "other values are read")


@pytest.mark.slow
def test_each_flipped_bit_of_a_part_changes_no_score(attack, folder):
    (path,) = part_files(folder)
    data, wanted = path.read_bytes(), observed(path)
    for place in range(8 * len(data)):
        path.write_bytes(flipped(data, place // 8, place % 8))
        found = attack.read(place, "flipped", lambda: observed(path))
        if found is not None and found != wanted:
            attack.fault(place, "flipped", "other values are read")


def records(folder, seeds, kind):
    """Damaged bytes of run.json, and other values in it, in turn."""
    valid = (folder / "run.json").read_bytes()
    for seed, random in randoms(seeds, kind):
        if seed % 2:
            done, data = damaged(valid, random)
        else:
            done, changed = altered(json.loads(valid), random, HOSTILE + ONLY_JSON)
            data = json.dumps(changed).encode()
        (folder / "run.json").write_bytes(data)
        yield seed, done


@seeds(400, 6000)
def test_a_run_json(attack, folder, seeds):
    wanted = read_results(folder)["matrix"].map(str).tolist()
    for seed, done in records(folder, seeds, "run.json"):
        found = attack.read(seed, done, lambda: read_results(folder))
        if found is not None and found["matrix"].map(str).tolist() != wanted:
            attack.fault(seed, done, "other values are read")


@seeds(24, 600)
def test_a_page_of_a_run_json(attack, folder, tmp_path, seeds):
    for seed, done in records(folder, seeds, "page"):
        attack.read(seed, done, lambda: report(folder, out=tmp_path / "page"))
