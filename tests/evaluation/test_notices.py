"""What an evaluation prints about its data before it begins."""

import logging
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import robustbench_seg as rs
from robustbench_seg.datasets.classes.facts import DatasetFacts
from robustbench_seg.datasets.classes.label_table import label_table
from robustbench_seg.datasets.splits.file_dataset import FileDataset
from robustbench_seg.datasets.splits.split_files import ImageFiles, SplitFiles
from robustbench_seg.evaluation.notices import announce, files_found
from robustbench_seg.records.values.preprocessing import Inference
from robustbench_seg.records.values.shard import Shard
from robustbench_seg.segmenter import SegmenterOptions, segmenter_of
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


def fixed(reds, size, **inference):
    """A model that takes images of one size only."""
    model = segmenter_of(reds(), SegmenterOptions())
    chosen = Inference(**inference) if inference else None
    model.record = replace(model.record, input_size=size, inference=chosen)
    return model


def opened(model, dataset, protocol, **options):
    return replace(evaluation([], dataset, protocol, (), **options), segmenters=(model,))


def test_scaled_images_are_told_with_both_sizes(toy, protocol, reds, caplog):
    announce(opened(fixed(reds, (64, 96)), toy(), protocol))
    assert caplog.messages == [
        "reds takes only 64x96, so images are scaled to it (val/0.png has 40x48), and its output "
        "is scaled back"
    ]


def test_a_program_of_one_size_says_so_and_the_run_holds_the_size(toy, tmp_path, caplog):
    program = torch.export.export(torch.nn.Conv2d(3, 3, 1), (torch.zeros(1, 3, 32, 64),))
    torch.export.save(program, tmp_path / "mine.pt2")
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\nclasses = ["dark", "middle", "bright"]\n'
        "mean = [0.5, 0.5, 0.5]\nstd = [0.5, 0.5, 0.5]\n"
    )
    options = {"dataset": toy(2), "corruptions": "clean", "out": tmp_path / "runs"}
    (run,) = rs.evaluate(model=f"exported:{tmp_path / 'mine.pt2'}", **options)
    (text,) = [text for text in caplog.messages if "scaled" in text]
    assert text.startswith(
        "mine takes only 32x64, so images are scaled to it (val/0.png has 40x48)"
    )
    assert run.record.key.segmenter.input_size == (32, 64)


def test_so_are_windows_of_small_images(toy, protocol, reds, caplog):
    announce(opened(fixed(reds, (64, 64), mode="slide", crop=64, stride=48), toy(), protocol))
    assert caplog.messages == [
        "reds takes only 64x64, so the windows of smaller images are scaled to it (val/0.png has "
        "40x48), and its output is scaled back"
    ]


def test_one_image_of_another_size_is_enough(toy, protocol, reds, caplog):
    class Mixed(toy):
        def image(self, index):
            image = super().image(index)
            return image[:30] if index == 3 else image

    announce(opened(fixed(reds, (40, 48)), Mixed(6), protocol))
    (text,) = caplog.messages
    assert "(val/3.png has 30x48)" in text


def test_nothing_is_said_of_images_that_are_not_scaled(toy, protocol, reds, caplog):
    announce(opened(fixed(reds, (40, 48)), toy(), protocol))
    announce(opened(fixed(reds, (32, 32), mode="slide", crop=32, stride=24), toy(), protocol))
    announce(opened(fixed(reds, (64, 96)), toy(), protocol, input_size="64x96"))  # the user's own
    assert caplog.messages == []


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
