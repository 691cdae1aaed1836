"""Class frequencies: the counts against scikit-learn's, the file, and every refusal."""

import tomllib
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from sklearn.metrics import confusion_matrix

import robustbench_seg as rs
from robustbench_seg.cli.main import main
from robustbench_seg.codec import to_toml
from robustbench_seg.datasets import (
    class_frequencies,
    class_names,
    load_class_frequencies,
    shipped_frequencies,
)
from robustbench_seg.datasets.minicity import Minicity, write_minicity
from robustbench_seg.errors import CardError, DatasetError, FileError

CITY = class_names("cityscapes")


@pytest.fixture
def tree(tmp_path):
    """Three scenes of minicity on disk, in the split train."""
    write_minicity(tmp_path / "city", "train", (32, 64), 3)
    return tmp_path / "city"


def counted(dataset):
    """The counts of scikit-learn."""
    labels = np.concatenate([dataset[index].labels.ravel() for index in range(len(dataset))])
    return confusion_matrix(labels, labels, labels=range(len(dataset.classes))).diagonal().tolist()


def test_the_counts_are_those_of_the_labels(tree):
    found = class_frequencies("cityscapes", tree)
    dataset = rs.open_dataset("cityscapes", tree, "train")
    assert list(found.pixels) == list(CITY)
    assert list(found.pixels.values()) == counted(dataset)
    assert 0 < sum(found.pixels.values()) <= 3 * 32 * 64
    assert (found.dataset, found.split, found.images) == ("cityscapes", "train", 3)
    assert found.version == rs.__version__
    assert found.fingerprint == dataset.fingerprint


def test_pixels_that_are_not_scored_are_not_counted(tree):
    path = next((tree / "gtFine").rglob("*_labelIds.png"))
    ids = np.zeros((32, 64), np.uint8)  # unlabelled
    ids[0, :10] = 7
    Image.fromarray(ids).save(path)
    dataset = rs.open_dataset("cityscapes", tree, "train")
    found = class_frequencies("cityscapes", tree)
    assert list(found.pixels.values()) == counted(dataset)
    assert sum(found.pixels.values()) <= 2 * 32 * 64 + 10


def test_images_are_not_read(tree):
    before = class_frequencies("cityscapes", tree)
    for path in (tree / "leftImg8bit").rglob("*.png"):
        path.write_bytes(b"no image")
    assert class_frequencies("cityscapes", tree).pixels == before.pixels


def test_an_open_dataset_and_a_description_of_ones_own(describe, put):
    minicity = Minicity("val", (32, 64), 2)
    found = class_frequencies(minicity)
    assert (found.dataset, found.split, found.images) == ("minicity", "val", 2)
    assert list(found.pixels.values()) == counted(minicity)
    put("photos/val/7.jpg", np.zeros((1, 5, 3), np.uint8))
    put("masks/val/7_mask.png", np.uint8([[0, 0, 2, 2, 2]]))
    assert class_frequencies(describe(), split="val").pixels == {
        "ground": 2, "rock": 0, "machine": 3,
    }  # fmt: skip


def test_an_object_that_is_no_dataset_is_one_line():
    with pytest.raises(DatasetError, match=r"^dataset: 1 is neither a name"):
        class_frequencies(1)


def test_the_file_reads_as_it_was_written(tree, tmp_path):
    out = tmp_path / "new" / "city.toml"
    found = class_frequencies("cityscapes", tree, out=out)
    assert load_class_frequencies(out) == load_class_frequencies(str(out)) == found
    table = tomllib.loads(out.read_text())
    assert list(table["pixels"]) == list(CITY)
    assert table["images"] == 3
    assert class_frequencies("cityscapes", tree, out=out) == found, "an earlier file is replaced"


def test_the_counts_are_in_the_order_of_the_models_classes(tree):
    found = class_frequencies("cityscapes", tree)
    assert found.of(CITY) == tuple(found.pixels.values())
    assert found.of(CITY[::-1]) == tuple(found.pixels.values())[::-1]
    where = "the classes counted in cityscapes train do not match those of the model"
    with pytest.raises(CardError, match=f"^{where}: unknown class 'roads'; did you mean 'road'"):
        found.of(["roads", *CITY[1:]])
    with pytest.raises(CardError, match=f"^{where}, which has no 'bicycle'$"):
        found.of(CITY[:-1])


def test_minicity_ships():
    assert shipped_frequencies() == ("minicity",)
    found = load_class_frequencies("minicity")
    whole = Minicity("train")
    assert found.fingerprint == whole.fingerprint
    assert (found.split, found.images) == ("train", len(whole))
    assert found.of(whole.classes) == tuple(found.pixels.values())
    some = counted(Minicity("train", count=30))
    shares = np.array(found.of(whole.classes)) / sum(found.pixels.values())
    assert np.abs(shares - np.array(some) / sum(some)).max() < 0.05
    with pytest.raises(CardError) as caught:
        load_class_frequencies("cityscapes")
    assert str(caught.value) == (
        "no class frequencies of 'cityscapes' are included; count them with class-frequencies "
        "and give the path of the .toml file. Included: minicity"
    )


@pytest.mark.slow
def test_the_shipped_counts_are_those_of_the_scenes():
    assert replace(class_frequencies("minicity"), version="") == replace(
        load_class_frequencies("minicity"), version=""
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("road = 0", "pixels: no class has a pixel; count a split that has labels"),
        ("road = -1", "pixels.road = -1 is out of range; give 0 or more"),
        ("road = 1.5", "pixels.road: expected int, got float"),
        ("road = 1\n[pixel]", "unknown key 'pixel'; did you mean 'pixels'?"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path, line, message):
    path = tmp_path / "f.toml"
    head = 'dataset = "d"\nsplit = "train"\nimages = 1\nversion = "1"\nfingerprint = {}\n'
    path.write_text(f"{head}[pixels]\n{line}\n")
    with pytest.raises(CardError) as caught:
        load_class_frequencies(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    with pytest.raises(CardError, match="no such file; give the path of the file of class freq"):
        load_class_frequencies(tmp_path / "none.toml")


def test_a_split_without_labels_is_refused(put, tmp_path):
    put("leftImg8bit/test/a/a_0_0_leftImg8bit.png", 0)
    put("gtFine/test/a/a_0_0_gtFine_labelIds.png", 0)
    with pytest.raises(DatasetError) as caught:
        class_frequencies("cityscapes", tmp_path, "test", tmp_path / "f.toml")
    assert str(caught.value) == (
        "cityscapes test: no pixel has a class; choose a split with labels"
    )
    assert not (tmp_path / "f.toml").exists()


class Broken(Minicity):
    """Two scenes; the second one is replaced."""

    then: object = None

    def __getitem__(self, index):
        sample = super().__getitem__(index)
        if index == 0:
            return sample
        if isinstance(self.then, int):
            return replace(sample, labels=np.full_like(sample.labels, self.then))
        raise self.then


def test_a_label_that_is_no_class_is_named():
    dataset = Broken("val", (32, 64), 2)
    object.__setattr__(dataset, "then", 19)
    with pytest.raises(
        DatasetError, match=r"000001_.*png: label 19 is out of range for 19 classes; labels must"
    ):
        class_frequencies(dataset)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), DatasetError("gone")])
def test_an_interrupted_count_leaves_the_earlier_file(tmp_path, error):
    dataset, out = Broken("val", (32, 64), 2), tmp_path / "f.toml"
    before = class_frequencies(Minicity("val", (32, 64), 1), out=out)
    object.__setattr__(dataset, "then", error)
    with pytest.raises(type(error)):
        class_frequencies(dataset, out=out)
    assert load_class_frequencies(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["f.toml"]


def test_another_file_is_not_replaced_and_nothing_is_counted(tmp_path):
    dataset, out = Broken("val", (32, 64), 2), tmp_path / "f.toml"
    object.__setattr__(dataset, "then", AssertionError("counted"))
    out.write_text(to_toml(rs.Shard(1, 2)))
    with pytest.raises(FileError, match=r"f.toml exists and is not the output of this command"):
        class_frequencies(dataset, out=out)
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot be written"):
        class_frequencies(dataset, out=tmp_path / "file" / "f.toml")


def test_the_command_writes_the_file_and_prints_the_counts(tree, tmp_path):
    out = tmp_path / "f.toml"
    command = ["class-frequencies", "--data", str(tree), "--out", str(out)]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0
    found = load_class_frequencies(out)
    assert found == class_frequencies("cityscapes", tree)
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["class", "pixels", "%"]
    assert lines[1].split()[:2] == ["road", str(found.pixels["road"])]
    assert lines[-1] == str(out)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--dataset", "cityscape"], "unknown dataset 'cityscape'; did you mean 'cityscapes'?"),
        (["--dataset", "minicity", "--split", "test"], "minicity: unknown split 'test'"),
        (["--data", "nowhere"], "nowhere"),
    ],
)
def test_a_refusal_of_the_command_is_one_line(tmp_path, options, message):
    out = tmp_path / "f.toml"
    done = CliRunner().invoke(main, ["class-frequencies", *options, "--out", str(out)])
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert message in line
    assert not out.exists()
