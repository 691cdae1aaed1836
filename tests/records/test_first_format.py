"""run.json of format 1, as robustseg 0.1 wrote it."""

import json

import pytest

from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.runs.first_format import upgrade
from robustbench_seg.records.runs.run_file import read_record
from robustbench_seg.records.values.preprocessing import Inference, Preprocessing, Resize
from robustbench_seg.records.values.published_score import Published

SEVERITIES = load_protocol().severities_digest


def first_format(**changes):
    """A run of a card's network, as it stood in run.json."""
    table = {
        "format": 1,
        "digest": "0" * 64,
        "model": "net",
        "dataset": "toy",
        "split": "val",
        "images": 2,
        "clip": 4,
        "stream": "fast",
        "seed": 7,
        "protocol": "cityscapes-c",
        "protocol_version": "1",
        "key": {
            "segmenter": {
                "architecture": "segformer",
                "variant": {"size": "b0"},
                "weights": "abc",
                "folding": 1,
                "preprocessing": {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]},
                "inference": {"mode": "slide", "crop": 1024, "stride": 768},
                "precision": "float32",
                "threads": 4,
            },
            "dataset": {
                "name": "toy",
                "split": "val",
                "classes": ["x", "y"],
                "fingerprint": {"count": 2},
            },
            "corruption": {
                "stream": "fast",
                "seed": 7,
                "severities": SEVERITIES,
                "versions": {"robustseg": "0.1.0", "fast stream": "2", "opencv": "5.0.0"},
            },
            "versions": {"numpy": "2.4.6", "torch": "2.13.0"},
        },
        "published": {"miou": 76.2, "source": "a paper", "dataset": "toy"},
        "about": {
            "card": "net",
            "model": "hf:someone/net",
            "params": 5,
            "macs": None,
            "published": {"miou": 76.2, "source": "a paper", "dataset": "toy"},
            "training": {
                "command": "train",
                "minutes": 1,
                "hardware": "",
                "iterations": 9,
                "seed": 3,
            },
            "device": "cuda",
        },
        "hardware": "a GPU",
        "classes": ["x", "y"],
        "palette": [[1, 2, 3], [4, 5, 6]],
        "created": "2026-01-01T00:00:00+00:00",
        "command": "robustseg evaluate",
    }
    return {**table, **changes}


@pytest.fixture
def read(tmp_path):
    def of(table):
        (tmp_path / "run.json").write_text(json.dumps(table))
        return read_record(tmp_path)

    return of


def test_everything_keeps_its_meaning(read):
    record = read(first_format())
    assert (record.model, record.dataset, record.split, record.images) == ("net", "toy", "val", 2)
    assert (record.stream, record.seed, record.clip) == ("fast", 7, 4)
    assert record.classes == ("x", "y")
    assert record.palette == ((1, 2, 3), (4, 5, 6))
    assert (record.protocol, record.protocol_version) == ("cityscapes-c", "1")
    segmenter = record.key.segmenter
    assert (segmenter.architecture, segmenter.weights) == ("segformer", "abc")
    assert segmenter.preprocessing == Preprocessing((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    assert segmenter.inference == Inference("slide", 1024, 768)
    assert record.key.dataset.fingerprint == {"count": 2}
    assert record.key.corruption.severities_digest == SEVERITIES
    assert record.published == record.about.published == Published(76.2, "a paper")
    assert record.about.published_on == "toy"
    assert (record.about.location, record.about.params) == ("hf:someone/net", 5)
    assert (record.about.device, record.training_seed) == ("cuda", 3)
    assert (record.hardware, record.command) == ("a GPU", "robustseg evaluate")


def test_versions_leave_the_key_and_laws_come_in(read):
    record = read(first_format())
    assert record.libraries == {
        "numpy": "2.4.6",
        "torch": "2.13.0",
        "robustseg": "0.1.0",
        "opencv": "5.0.0",
    }
    assert record.key.corruption.stream_version == 2
    assert record.key.corruption.laws == dict.fromkeys(load_protocol().names, 1)
    assert record.key.segmenter.laws == {"inference": 1, "folding": 1}
    assert record.key.segmenter.own == {}
    other = first_format()
    other["key"]["segmenter"]["threads"] = 1
    other["key"]["versions"]["numpy"] = "2.5"
    assert read(other).key == record.key


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"library": "transformers 4.57.1"}, ("transformers", "4.57.1")),
        ({"backend": "onnxruntime 1.23"}, ("onnxruntime", "1.23")),
        ({}, ("torch", None)),
    ],
)
def test_what_ran_it_is_known_without_its_version(read, facts, expected):
    table = first_format()
    table["key"]["segmenter"] |= facts
    table["key"]["versions"].pop("torch")
    record = read(table)
    assert record.key.segmenter.runtime == expected[0]
    assert record.libraries.get(expected[0]) == expected[1]


def test_a_resize_has_the_law_of_its_time(read):
    table = first_format()
    table["key"]["segmenter"]["resize"] = {"short": 512, "long": 2048, "multiple": 1}
    segmenter = read(table).key.segmenter
    assert segmenter.resize == Resize(512, 2048)
    assert segmenter.laws["resize"] == 1
    table["key"]["segmenter"]["resized"] = 2
    assert read(table).key.segmenter.laws["resize"] == 2


def test_what_a_users_segmenter_says_of_itself_is_kept(read):
    table = first_format()
    table["key"]["segmenter"] = {"model": "python:mine:Net", "version": "3"}
    assert read(table).key.segmenter.own == {"model": "python:mine:Net", "version": "3"}


def test_an_own_protocol_has_no_laws_and_breaks_nothing(read):
    record = read(first_format(protocol="mine"))
    assert record.protocol == "mine"
    assert record.key.corruption.laws == {}


def test_what_it_lacks_is_an_error_of_a_known_kind():
    with pytest.raises(KeyError):
        upgrade({"format": 1, "model": "m"})
