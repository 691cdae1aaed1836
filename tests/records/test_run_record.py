"""run.json: written and read as one value, and what distinguishes two runs."""

import copy
import json
from dataclasses import fields, replace

import pytest

from robustbench_seg.codec import to_table
from robustbench_seg.errors import ResultsError
from robustbench_seg.records.runs.run_file import read_record, write_record
from robustbench_seg.records.runs.run_key import (
    DatasetRecord,
    PerturbationRecord,
    RunKey,
    first_difference,
)
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.preprocessing import Inference, Preprocessing
from robustbench_seg.records.values.published_score import Published
from robustbench_seg.records.values.training import Training
from robustbench_seg.records.values.training_recipe import TrainingRecipe

TRAINING = Training(
    "robustseg train", 5.0, "a GPU", 100, 0, model="b0", recipe=TrainingRecipe(iterations=100)
)
RECORD = RunRecord(
    model="net",
    key=RunKey(
        SegmenterRecord(
            "segformer",
            "abc",
            variant={"size": "b0"},
            preprocessing=Preprocessing((0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
            inference=Inference("slide", 1024, 768),
            precision="float32",
            laws={"inference": 1},
        ),
        DatasetRecord("toy", "val", 6, ("x", "y"), {"count": 6, "size": [2, 3]}),
        PerturbationRecord("fast", 2, 0, "tables", {"fog": 1}),
    ),
    protocol="cityscapes-c",
    protocol_version="1",
    clip=10,
    palette=((1, 2, 3), (4, 5, 6)),
    about=ModelFacts("card", params=7, training=TRAINING, libraries={"torch": "2.6"}),
    published=Published(80.0, "the paper"),
    libraries={"numpy": "2.0"},
    hardware="a GPU",
    created="2026-01-01T00:00:00+00:00",
    command="robustseg evaluate",
)


def changed(record=RECORD, **values):
    """A copy; names begin with the owner: segmenter_precision, dataset_split, about_params."""
    for name, value in values.items():
        owner, _, attribute = name.partition("_")
        if owner == "about":
            record = replace(record, about=replace(record.about, **{attribute: value}))
        else:
            part = replace(getattr(record.key, owner), **{attribute: value})
            record = replace(record, key=replace(record.key, **{owner: part}))
    return record


def retrained(seed, **values):
    """Trained with another seed, so with other weights."""
    recipe = replace(TRAINING.recipe, seed=seed, **values)
    return changed(
        about_training=replace(TRAINING, seed=seed, recipe=recipe, minutes=9.0),
        segmenter_weights=f"weights of seed {seed}",
    )


def test_it_comes_back_as_it_was(tmp_path):
    write_record(tmp_path, RECORD)
    assert read_record(tmp_path) == RECORD
    table = json.loads((tmp_path / "run.json").read_text())
    assert (table["format"], table["digest"]) == (2, RECORD.key.digest)
    assert (RECORD.dataset, RECORD.split, RECORD.images, RECORD.classes) == (
        *("toy", "val", 6),
        ("x", "y"),
    )
    assert (RECORD.stream, RECORD.seed, RECORD.training_seed) == ("fast", 0, 0)


def test_the_order_of_a_key_means_nothing(tmp_path):
    table = {"format": 2, "digest": RECORD.key.digest, **to_table(RECORD)}

    def turned(value):
        if isinstance(value, dict):
            return {name: turned(item) for name, item in reversed(value.items())}
        return value

    (tmp_path / "run.json").write_text(json.dumps(turned(table)))
    assert read_record(tmp_path).key.digest == RECORD.key.digest


def test_what_is_beside_the_key_is_no_part_of_its_digest():
    other = replace(RECORD, model="other", hardware="", libraries={"numpy": "9"}, clip=1)
    assert other.key.digest == RECORD.key.digest
    assert changed(segmenter_precision="bf16").key.digest != RECORD.key.digest
    assert len(RECORD.key.digest) == 64


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"run.json cannot be read \(.*; remove this run folder"),
        (
            "[]",
            "is not a run of this program, or has format None, which this version does not know",
        ),
        ('{"format": 99}', r"has format 99, which this version does not know \(2 is the newest\)"),
        ('{"format": 2, "model": "m"}', "run.json: the key 'key' is missing; remove this run fold"),
        ('{"format": 1, "model": "m"}', "run.json: the key 'key' is missing; remove this run fo"),
    ],
)
def test_a_broken_record_is_one_line(tmp_path, text, message):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(ResultsError, match=message) as caught:
        read_record(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clip": 0}, "run.json: clip = 0 is out of range; give 1 or more; remove this run folder"),
        ({"clip": "1"}, "run.json: clip: expected int, got str"),
        ({"colour": 1}, "run.json: unknown key 'colour'"),
    ],
)
def test_a_field_that_is_none_is_named(tmp_path, change, message):
    table = {"format": 2, "digest": RECORD.key.digest, **to_table(RECORD), **change}
    (tmp_path / "run.json").write_text(json.dumps(table))
    with pytest.raises(ResultsError, match=message):
        read_record(tmp_path)


def test_a_folder_without_a_record_is_named(tmp_path):
    with pytest.raises(ResultsError, match=r"no run.json in it; name a run folder"):
        read_record(tmp_path)


def test_a_key_that_was_altered_is_refused(tmp_path):
    write_record(tmp_path, RECORD)
    path = tmp_path / "run.json"
    path.write_text(
        path.read_text().replace('"seed": 0,\n      "severities"', '"seed": 1,\n      "severities"')
    )
    with pytest.raises(ResultsError, match="was altered: its key does not match its digest"):
        read_record(tmp_path)


@pytest.mark.parametrize(
    ("change", "kind", "name", "texts"),
    [
        ({"dataset_name": "other"}, "data", "dataset", ("toy", "other")),
        ({"dataset_split": "test"}, "data", "split", ("val", "test")),
        ({"dataset_images": 5}, "extent", "number of images", ("6", "5")),
        ({"dataset_classes": ("x", "z")}, "data", "classes", None),
        ({"dataset_fingerprint": {}}, "files", "the files of the dataset", None),
        ({"corruption_stream": "reference"}, "corruption", "stream", ("fast", "reference")),
        ({"corruption_stream_version": 3}, "corruption", None, None),
        ({"corruption_seed": 4}, "corruption seed", "seed", ("0", "4")),
        (
            {"corruption_severities_digest": "mild"},
            "corruption",
            "severity tables",
            ("tables", "mild"),
        ),
        ({"corruption_laws": {"fog": 2}}, "corruption", "versions of the corruptions", None),
        ({"segmenter_architecture": "deeplab"}, "network", "architecture", None),
        ({"segmenter_variant": {"size": "b1"}}, "network", "variant", None),
        ({"segmenter_config": "f"}, "network", "configuration", None),
        ({"segmenter_own": {"version": "1"}}, "network", "facts that its author states", None),
        ({"segmenter_precision": "bf16"}, "inference", "precision", ("float32", "bf16")),
        (
            {"segmenter_precision": None},
            "inference",
            "precision",
            ("float32", "decided by the model"),
        ),
        ({"segmenter_inference": Inference("whole")}, "inference", "inference", ("slide", "whole")),
        ({"segmenter_inference": Inference("slide", 1024, 512)}, "inference", "stride", None),
        (
            {"segmenter_runtime": "onnxruntime"},
            "preprocessing",
            "runtime",
            ("torch", "onnxruntime"),
        ),
        ({"segmenter_laws": {"inference": 2}}, "preprocessing", None, None),
        ({"segmenter_weights": "xyz"}, "weights", "weights", ("abc", "xyz")),
    ],
)
def test_each_difference_is_of_a_kind(change, kind, name, texts):
    other = changed(**change)
    found = RECORD.differences(other)
    assert {difference.kind for difference in found} == {kind}
    first = found[0]
    assert name in (None, first.name)
    assert texts in (None, (first.one, first.other))
    assert other.key.digest != RECORD.key.digest


def test_what_a_difference_means():
    """Other images do not compare; a reader must know of other noise; trainings may differ."""

    def meaning(**change):
        found = RECORD.differences(changed(**change))
        return [(d.of_images, d.noted, d.of_training) for d in found]

    for images in ({"dataset_images": 5}, {"dataset_fingerprint": {}}, {"dataset_name": "o"}):
        assert meaning(**images) == [(True, False, False)]
    for noted in ({"corruption_seed": 4}, {"segmenter_precision": "bf16"}):
        assert meaning(**noted) == [(False, True, False)]
    assert meaning(segmenter_weights="xyz") == [(False, False, True)]
    assert meaning(segmenter_architecture="deeplab") == [(False, False, False)]


def test_the_same_run_differs_in_nothing():
    other = replace(RECORD, command="another", created="", hardware="", libraries={}, clip=1)
    assert RECORD.differences(other) == ()


@pytest.mark.parametrize("part", ["segmenter", "dataset", "corruption"])
def test_every_field_of_the_key_is_compared(part):
    """A new field that `differences` forgets would hide here."""
    for field in fields(getattr(RECORD.key, part)):
        one = copy.copy(getattr(RECORD.key, part))
        object.__setattr__(one, field.name, None)  # even if the type forbids it
        other = replace(RECORD, key=replace(RECORD.key, **{part: one}))
        if getattr(RECORD.key, part) != one:
            assert RECORD.differences(other), field.name
        else:
            object.__setattr__(one, field.name, "another")
            assert RECORD.differences(other), field.name


def test_trainings_of_one_recipe_differ_in_seed_and_weights():
    kinds = [difference.kind for difference in RECORD.differences(retrained(1))]
    assert kinds == ["weights", "training seed"]


def test_another_recipe_is_named():
    found = RECORD.differences(retrained(1, lr=0.1))
    assert [(d.kind, d.name) for d in found if d.kind == "training"] == [
        ("training", "lr 6e-05 and 0.1")
    ]
    alone = changed(about_training=None)
    (one,) = [d for d in RECORD.differences(alone) if d.kind == "training"]
    assert (one.name, one.one, one.other) == ("training", "known", "unknown")


def test_the_first_difference_of_keys_in_words():
    other = changed(segmenter_precision="bf16", corruption_seed=3)
    assert first_difference(RECORD.key, other.key) == (
        "its segmenter precision is float32, not bf16"
    )
    assert first_difference(RECORD.key, RECORD.key) == "something that this version does not know"
