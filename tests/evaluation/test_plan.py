"""What changes a run's key, and what must not."""

import copy
import dataclasses
from importlib import import_module, metadata

import pytest
from robustbench_seg.evaluation.plan import Study

from robustbench_seg.errors import CorruptionError, ResultsError
from robustbench_seg.evaluation import evaluate
from robustbench_seg.records.protocol import CLEAN, Condition
from robustbench_seg.results import key_digest
from robustbench_seg.trees import manifest


@pytest.fixture
def digest(toy, reds, protocol):
    def of(dataset=None, model=None, conditions=(), protocol=protocol, **options):
        study = Study(dataset or toy(), protocol, tuple(conditions), **options)
        return key_digest(study.record(model or reds(), study.recipe())["key"])

    return of


def test_what_changes_a_number_changes_the_key(digest, toy, reds, protocol):
    spec = protocol.corruptions[0]
    harder = dataclasses.replace(spec, severities=(spec.severities[1], *spec.severities[1:]))
    tables = dataclasses.replace(protocol, corruptions=(harder, *protocol.corruptions[1:]))
    digests = [
        digest(),
        digest(seed=1),
        digest(stream="reference"),
        digest(toy(split="train")),
        digest(toy(name="other")),
        digest(toy(version=1)),
        digest(toy().first(3)),
        digest(model=reds(facts={"shift": 1})),
        digest(protocol=tables),
    ]
    assert len(set(digests)) == len(digests)


def test_what_changes_no_number_does_not(digest, toy, reds, protocol, tree, monkeypatch):
    before = digest()
    assert digest(conditions=protocol.conditions(["fog"])) == before
    assert digest(model=reds(name="shown otherwise", about={"params": 9})) == before
    scored = dataclasses.replace(protocol.corruptions[0], scored=(1,))
    renamed = dataclasses.replace(
        protocol, name="mine", corruptions=(scored, *protocol.corruptions[1:])
    )
    assert digest(protocol=renamed) == before
    assert digest(toy().first(99)) == before
    conditions = protocol.conditions(["contrast"], [1])
    assert digest(conditions=conditions, corrupted=tree(toy(), conditions)) == before
    monkeypatch.setattr("sys.argv", ["robustseg", "evaluate", "--workers", "7"])
    assert digest() == before


@pytest.mark.parametrize("library", ["numpy", "torch", "pillow", "numba", "imagecorruptions-imaug"])
def test_another_version_of_a_library_is_another_run(digest, monkeypatch, library):
    before, version = digest(), metadata.version
    monkeypatch.setattr(
        metadata, "version", lambda name: "0.0.1" if name == library else version(name)
    )
    assert digest() != before


@pytest.mark.parametrize(
    ("module", "name"),
    [("corruption.probe", "__version__"), ("evaluation.plan", "FAST_STREAM_VERSION")],
)
def test_another_version_of_this_program_is_another_run(digest, monkeypatch, module, name):
    before = digest()
    monkeypatch.setattr(import_module(f"robustbench_seg.{module}"), name, "0.0.1")
    assert digest() != before


def test_images_of_a_tree_bear_the_versions_they_were_made_with(digest, toy, protocol, tree):
    conditions = protocol.conditions(["contrast"], [1])
    corrupted = tree(toy(), conditions)
    made = manifest.read_manifest(corrupted)
    elsewhere = {**made.libraries, "opencv": "0.0.1"}
    manifest.write_manifest(corrupted, dataclasses.replace(made, libraries=elsewhere))
    assert digest(conditions=conditions, corrupted=corrupted) != digest()


def test_the_record_says_what_a_report_needs(toy, reds, protocol, monkeypatch):
    monkeypatch.setattr("sys.argv", ["/usr/bin/robustseg", "evaluate", "--data", "my photos"])
    study = Study(toy(), protocol, (), seed=5)
    record = study.record(reds(about={"params": 12}), study.recipe())
    shown = copy.deepcopy(record)
    assert shown["command"] == "robustseg evaluate --data 'my photos'"
    assert (shown["model"], shown["dataset"], shown["split"]) == ("reds", "toy", "val")
    assert shown["clip"] == 1
    assert (shown["images"], shown["stream"], shown["seed"]) == (6, "fast", 5)
    assert (shown["protocol"], shown["protocol_version"]) == (protocol.name, protocol.version)
    assert shown["classes"] == ["dark", "middle", "bright"]
    assert shown["palette"] == [[10, 20, 30], [40, 50, 60], [70, 80, 90]]
    assert shown["about"] == {"params": 12, "macs": None}
    assert "thread" in shown["hardware"]
    assert shown["key"]["corruption"]["versions"].keys() >= {"robustseg", "opencv", "numba"}


def test_clean_comes_first_and_once(toy, protocol):
    fog = Condition("fog", 3)
    assert Study(toy(), protocol, (fog, CLEAN)).all_conditions == (CLEAN, fog)


def test_blocks_hold_every_image_once(toy, protocol):
    blocks = list(Study(toy(10), protocol, ()).blocks())
    assert [len(block) for block in blocks] == [4, 4, 2]
    assert [index for block in blocks for index in block] == list(range(10))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stream": "fats"}, "unknown stream 'fats'; did you mean 'fast'"),
        ({"seed": -1}, r"seed -1: an integer of 0 to 2\^32 - 1"),
        ({"seed": 2**32}, "seed 4294967296"),
    ],
)
def test_a_stream_or_seed_that_does_not_exist(toy, protocol, options, message):
    with pytest.raises(CorruptionError, match=message):
        Study(toy(), protocol, (), **options)


def test_a_tree_made_otherwise_is_refused(toy, reds, protocol, conditions, tmp_path, tree):
    corrupted = tree(toy(), conditions, seed=1)
    with pytest.raises(ResultsError, match=r"its seed is 1, not 0. Ask for what it holds"):
        evaluate([reds()], toy(), protocol, conditions, tmp_path / "r", corrupted=corrupted)
    with pytest.raises(ResultsError, match="its split is val, not train"):
        evaluate(
            [reds()],
            toy(split="train"),
            protocol,
            conditions,
            tmp_path / "r",
            seed=1,
            corrupted=corrupted,
        )
    with pytest.raises(ResultsError, match="its severities are those of cityscapes-c 1, not of"):
        evaluate(
            [reds()],
            toy(),
            dataclasses.replace(protocol, name="mild", corruptions=protocol.corruptions[:4]),
            conditions,
            tmp_path / "r",
            seed=1,
            corrupted=corrupted,
        )
    assert not (tmp_path / "r").exists()


def test_a_tree_that_lacks_a_condition_is_refused(toy, reds, protocol, conditions, tmp_path, tree):
    corrupted = tree(toy(), conditions[:1])
    message = f"has no {conditions[1].name} at severity {conditions[1].severity}; generate"
    with pytest.raises(ResultsError, match=message):
        evaluate([reds()], toy(), protocol, conditions, tmp_path / "r", corrupted=corrupted)
