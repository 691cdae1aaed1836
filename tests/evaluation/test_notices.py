"""What an evaluation prints about its data before it begins."""

import logging
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import robustbench_seg as rs
from robustbench_seg.datasets.classes.facts import DatasetFacts
from robustbench_seg.datasets.classes.label_table import label_table
from robustbench_seg.datasets.splits.file_dataset import FileDataset
from robustbench_seg.datasets.splits.split_files import ImageFiles, SplitFiles
from robustbench_seg.evaluation.notices import announce, files_found
from robustbench_seg.records.values.shard import Shard
from tests.evaluation.conftest import CLASSES, evaluation


@pytest.fixture
def dataset(tmp_path):
    for name in ("a.png", "labels/a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(np.zeros((4, 6), np.uint8)).save(tmp_path / name)
    table = label_table({0: 0, 1: 1, 2: 2})
    items = (ImageFiles("a.png", "labels/a.png"),)
    facts = DatasetFacts(name="photos", classes=CLASSES)
    return FileDataset("photos", "val", facts, SplitFiles(tmp_path, items, table))


def test_files_are_counted_and_some_are_named(dataset):
    files = dataset.files
    assert files_found(dataset, files) == "photos val: 1 image, 1 label"
    one = replace(files, images=files.images * 2, left_out=("b.jpg",))
    assert files_found(dataset, one) == (
        "photos val: 2 images, 2 labels, 1 other file ignored: b.jpg"
    )
    assert files_found(dataset, replace(files, left_out=tuple("bcde"))) == (
        "photos val: 1 image, 1 label, 4 other files ignored: b, c, d and 1 more"
    )


def test_it_is_shown_or_logged_and_labels_are_warned_of_once(
    dataset, protocol, reds, caplog, capsys
):
    caplog.set_level(logging.INFO)
    asked = evaluation([reds()], dataset, protocol, ())
    announce(asked)
    found, warning = caplog.records
    assert (found.levelno, found.getMessage()) == (logging.INFO, "photos val: 1 image, 1 label")
    assert warning.levelno == logging.WARNING
    assert "2 of 3 classes have no pixel (middle, bright)" in warning.getMessage()
    assert capsys.readouterr() == ("", "")
    caplog.clear()
    announce(asked, shown=True)
    assert capsys.readouterr() == ("", "photos val: 1 image, 1 label\n")
    assert len(caplog.records) == 1


def test_only_the_first_shard_says_it(dataset, protocol, reds, caplog, capsys):
    announce(evaluation([reds()], dataset, protocol, (), shard=Shard(2, 3)), shown=True)
    assert (caplog.records, capsys.readouterr().err) == ([], "")


def test_a_limited_look_does_not_miss_classes(dataset, protocol, reds, caplog):
    announce(evaluation([reds()], dataset, protocol, (), limit=1))
    assert caplog.records == []


def test_a_dataset_without_files_is_not_counted(toy, protocol, reds, caplog, capsys):
    announce(evaluation([reds()], toy(), protocol, ()), shown=True)
    assert (caplog.records, capsys.readouterr().err) == ([], "")


def test_absent_classes_are_warned_of_once(tmp_path, caplog, reds):
    """Before the long part where the labels show it; after it where only the counts do."""
    for name in ("images/a.png", "labels/a.png"):
        (tmp_path / name).parent.mkdir()
        Image.fromarray(np.zeros((32, 32), np.uint8)).convert("L").save(tmp_path / name)
    (tmp_path / "d.toml").write_text(
        'name = "d"\nimages = "images/*.png"\nlabels = "labels/*.png"\n'
        'classes = ["dark", "middle", "bright"]\n'
    )
    options = {"dataset": tmp_path / "d.toml", "corruptions": ["clean"], "version": "1"}
    options |= {"classes": CLASSES, "progress": True}
    for limit, words in (
        (None, "2 of 3 classes have no pixel"),
        (1, "2 of 3 classes have no true"),
    ):
        caplog.clear()
        rs.evaluate(model=reds(), limit=limit, out=tmp_path / f"r{limit}", **options)
        said = [text for text in caplog.messages if "of 3 classes" in text]
        assert len(said) == 1
        assert words in said[0]
