"""What changes a run's key, and what must not."""

import dataclasses
import sys
from importlib import metadata

import pytest
from PIL import Image

from robustbench_seg import corruption
from robustbench_seg.datasets import described_facts, minicity, open_dataset
from robustbench_seg.errors import TreeError
from robustbench_seg.evaluation.inputs.corrupted_tree import corrupted_tree
from robustbench_seg.evaluation.run_records import run_record
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.runs.run_file import read_record
from robustbench_seg.records.runs.segmenter_record import ModelFacts
from robustbench_seg.trees import generate_cityscapes_c
from robustbench_seg.trees.manifests import manifest
from tests.evaluation.conftest import evaluate, evaluation


@pytest.fixture
def record(toy, reds, protocol):
    def of(dataset=None, model=None, conditions=(), protocol=protocol, **options):
        opened = evaluation([model or reds()], dataset or toy(), protocol, conditions, **options)
        return run_record(opened, opened.segmenters[0], corrupted_tree(opened), None)

    return of


@pytest.fixture
def digest(record):
    return lambda *things, **options: record(*things, **options).key.digest


def test_what_changes_a_number_changes_the_key(digest, toy, reds, protocol):
    perturbation = protocol.perturbations[0]
    harder = dataclasses.replace(
        perturbation, parameters=(perturbation.parameters[1], *perturbation.parameters[1:])
    )
    tables = dataclasses.replace(protocol, perturbations=(harder, *protocol.perturbations[1:]))
    digests = [
        digest(),
        digest(seeds=(1,)),
        digest(stream="reference"),
        digest(toy(split="train")),
        digest(toy(name="other")),
        digest(toy(version=1)),
        digest(toy().first(3)),
        digest(model=reds(facts={"shift": 1})),
        digest(protocol=tables),
    ]
    assert len(set(digests)) == len(digests)


def test_a_run_keeps_the_groups_and_persons_of_its_dataset(record, reds):
    facts = described_facts("minicity")
    found = record(open_dataset("minicity"), reds(classes=facts.classes))
    assert (found.groups, found.persons) == (facts.groups, ("person", "rider"))
    own = record()
    assert (own.groups, own.persons) == ({}, ())


def test_what_changes_no_number_does_not(digest, toy, reds, protocol, tree, monkeypatch):
    before = digest()
    assert digest(conditions=protocol.conditions(["fog"])) == before
    assert digest(model=reds(name="shown otherwise", about={"params": 9})) == before
    scored = dataclasses.replace(protocol.perturbations[0], scored=(1,))
    renamed = dataclasses.replace(
        protocol, name="mine", perturbations=(scored, *protocol.perturbations[1:])
    )
    assert digest(protocol=renamed) == before
    assert digest(toy().first(99)) == before
    conditions = protocol.conditions(["contrast"], [1])
    assert digest(conditions=conditions, corrupted=tree(toy(), conditions)) == before
    assert digest(workers=7, threads=3, command="another", measures=("confusion",)) == before


def test_a_version_of_a_library_is_recorded_and_no_part_of_the_key(record, monkeypatch):
    before, version = record(), metadata.version
    for library in ("numpy", "torch", "pillow", "numba", "imagecorruptions-imaug"):
        monkeypatch.setattr(
            metadata,
            "version",
            lambda name, wanted=library: "0" if name == wanted else version(name),
        )
        assert record().key == before.key, library
    assert record().libraries["imagecorruptions-imaug"] == "0"
    monkeypatch.setattr(sys.modules["robustbench_seg.corruption.probes"], "__version__", "9.9")
    assert record().key == before.key
    assert record().libraries["robustseg"] == "9.9"


def test_another_law_of_a_corruption_is_another_run(digest, monkeypatch):
    before = digest()
    fog = corruption.CORRUPTIONS["fog"]
    monkeypatch.setitem(corruption.CORRUPTIONS, "fog", fog._replace(law=fog.law + 1))
    assert digest() != before


def test_another_version_of_the_stream_is_another_run(digest, monkeypatch):
    fast, reference = digest(), digest(stream="reference")
    newer = type("Newer", (corruption.STREAMS["fast"],), {"version": 99})
    monkeypatch.setitem(corruption.STREAMS, "fast", newer)
    assert digest() != fast
    assert digest(stream="reference") == reference


def test_images_of_a_tree_bear_the_laws_they_were_made_under(record, toy, protocol, tree):
    conditions = protocol.conditions(["contrast"], [1])
    corrupted = tree(toy(), conditions)
    made = manifest.read_manifest(corrupted)
    changed = dataclasses.replace(made.record, laws={"contrast": 0}, stream_version=1)
    older = dataclasses.replace(made, record=changed)
    manifest.write_manifest(corrupted, older)
    of_tree = record(conditions=conditions, corrupted=corrupted).key.corruption
    in_memory = record().key.corruption
    assert (of_tree.laws["contrast"], of_tree.stream_version) == (0, 1)
    assert of_tree.laws == {**in_memory.laws, "contrast": 0}
    elsewhere = {**made.record.libraries, "opencv": "0.0.1"}
    changed = dataclasses.replace(made.record, libraries=elsewhere)
    manifest.write_manifest(corrupted, dataclasses.replace(made, record=changed))
    assert record(conditions=conditions, corrupted=corrupted).key.corruption == in_memory


def test_the_record_says_what_a_report_needs(record, reds, protocol, monkeypatch):
    monkeypatch.setattr("sys.argv", ["/usr/bin/robustseg", "evaluate", "--data", "my photos"])
    found = record(model=reds(about={"params": 12}), seeds=(5,))
    assert found.command == "robustseg evaluate --data 'my photos'"
    assert (found.model, found.dataset, found.split) == ("reds", "toy", "val")
    assert (found.images, found.stream, found.seed, found.clip) == (6, "fast", 5, 1)
    assert (found.protocol, found.protocol_version) == (protocol.name, protocol.version)
    assert found.classes == ("dark", "middle", "bright")
    assert found.palette == ((10, 20, 30), (40, 50, 60), (70, 80, 90))
    assert found.about == ModelFacts(
        location="Reds", params=12, no_confidence="it returns only labels"
    )
    assert "thread" in found.hardware
    assert found.libraries.keys() >= {"robustseg", "opencv", "numba", "torch"}


def test_a_tree_made_otherwise_is_refused(toy, reds, protocol, conditions, tmp_path, tree):
    corrupted = tree(toy(), conditions, seed=1)
    options = {"corrupted": corrupted, "out": tmp_path / "r"}
    with pytest.raises(TreeError, match=r"its seed is 1, not 0. Request the images"):
        evaluate([reds()], toy(), protocol, conditions, **options)
    with pytest.raises(TreeError, match="its split is val, not train"):
        evaluate([reds()], toy(split="train"), protocol, conditions, seeds=(1,), **options)
    mild = dataclasses.replace(protocol, name="mild", perturbations=protocol.perturbations[:4])
    with pytest.raises(TreeError, match="its severities are those of cityscapes-c 1, not of"):
        evaluate([reds()], toy(), mild, conditions, seeds=(1,), **options)
    assert not (tmp_path / "r").exists()


def test_a_tree_that_lacks_a_condition_is_refused(toy, reds, protocol, conditions, tmp_path, tree):
    corrupted = tree(toy(), conditions[:1])
    message = f"has no {conditions[1].name} at severity {conditions[1].severity}; generate"
    with pytest.raises(TreeError, match=message):
        evaluate([reds()], toy(), protocol, conditions, tmp_path / "r", corrupted=corrupted)


def test_a_tree_of_other_images_is_refused_and_one_of_more_images_is_not(tmp_path, monkeypatch):
    monkeypatch.setitem(minicity.SCENES, "val", 3)
    minicity.write_minicity(tmp_path / "data")
    data = open_dataset("cityscapes", tmp_path / "data")
    asked = {"corruptions": ["fog"], "severities": [1], "workers": 1}
    folder = tmp_path / "tree"
    generate_cityscapes_c(dataset=data, out=folder, **asked)
    protocol = load_protocol()
    conditions = protocol.conditions(["fog"], [1])

    def tree_for(dataset):
        return corrupted_tree(evaluation([], dataset, protocol, conditions, corrupted=folder))

    assert tree_for(data.first(2)) == tree_for(data)
    path = tmp_path / "data" / data.ids[2]
    size = path.stat().st_size
    path.write_bytes(path.read_bytes() + b" ")
    assert len(tree_for(data.first(2)).digests) == 3
    with pytest.raises(TreeError) as caught:
        tree_for(data)
    assert str(caught.value) == (
        f"{folder} was generated from other images: {data.ids[2]} had {size} bytes and now has "
        f"{size + 1}; give the original images, or choose another folder"
    )


def test_a_tree_of_unknown_origin_is_a_run_of_its_own(
    toy, reds, protocol, conditions, tmp_path, tree, caplog
):
    corrupted = tree(toy(), conditions)
    things = ([reds()], toy(), protocol, conditions, tmp_path / "runs")
    (ours,) = evaluate(*things, corrupted=corrupted)
    for name in ("manifest.json", ".recipe.json"):
        (corrupted / name).unlink()
    (first,) = evaluate(*things, corrupted=corrupted)
    assert f"{corrupted} has no record from this program, so its images are of unknown origin" in (
        caplog.text
    )
    assert first != ours
    assert evaluate(*things, corrupted=corrupted) == [first]
    (difference,) = read_record(ours).differences(read_record(first))
    assert (difference.name, difference.one) == ("corrupted images", "generated by robustseg")
    assert difference.noted
    Image.new("RGB", (48, 40)).save(corrupted / "contrast/4/val/3.png")
    (second,) = evaluate(*things, corrupted=corrupted)
    assert second not in (ours, first)


def test_a_folder_without_the_images_is_one_line(toy, reds, protocol, conditions, tmp_path):
    for condition in conditions:
        (tmp_path / "tree" / condition.folder).mkdir(parents=True)
    with pytest.raises(TreeError, match="give a tree of this dataset"):
        evaluate([reds()], toy(), protocol, conditions, tmp_path / "r", corrupted=tmp_path / "tree")


def test_a_start_under_other_contents_of_the_protocol_is_a_warning(
    toy, reds, protocol, tmp_path, caplog
):
    contrast = protocol.perturbation("contrast")
    mine, milder = (
        dataclasses.replace(
            protocol, name="mine", perturbations=(dataclasses.replace(contrast, scored=scored),)
        )
        for scored in ((1, 2, 3), (1,))
    )
    for each in (mine, dataclasses.replace(mine, source="other words")):
        (folder,) = evaluate([reds()], toy(), each, mine.conditions((), [1]), tmp_path)
    assert "began" not in caplog.text
    assert read_record(folder).own_protocol.protocol == mine
    evaluate([reds()], toy(), milder, mine.conditions((), [1]), tmp_path)
    assert "keeps the protocol mine as it was at its start (contrast differs); give" in caplog.text
    assert read_record(folder).own_protocol.protocol == mine
