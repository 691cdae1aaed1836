"""`train` from Python: cards and datasets by name or as objects."""

import multiprocessing
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from robustbench_seg.datasets import open_dataset
from robustbench_seg.errors import DatasetError, FileError, ModelError, OptionError
from robustbench_seg.machine.locks import only_process
from robustbench_seg.records.cards.model_card import card_text, load_card
from robustbench_seg.records.specs.training_spec import TrainingSpec, training_spec
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.segmenter import load_model
from robustbench_seg.training import train

QUICK = TrainingRecipe(iterations=2, batch=2, crop=(32, 64), lr=2e-3, warmup=0, head_lr_factor=1.0)


def weights(path):
    return load_model(path).state_dict()


def test_names_and_objects_mean_the_same(stripes, tmp_path):
    named = train(
        model="segformer-b0", dataset=stripes, out=tmp_path / "a", recipe=QUICK, workers=0
    )
    opened = train(
        model=load_card("segformer-b0"),
        dataset=open_dataset(stripes, split="train"),
        validate_on=open_dataset(stripes, split="val"),
        out=str(tmp_path / "b"),
        iterations=2,
        batch=2,
        crop=(32, 64),
        lr=2e-3,
        warmup=0,
        head_lr_factor=1.0,
        workers=0,
    )
    assert named.card == tmp_path / "a" / "segformer-b0-stripes.toml"
    assert opened.card == tmp_path / "b" / "segformer-b0-stripes.toml"
    assert (named.iterations, named.miou) == (opened.iterations, opened.miou)
    first, second = weights(named.card), weights(opened.card)
    assert all(torch.equal(first[name], second[name]) for name in first)
    one, two = load_card(named.card).training, load_card(opened.card).training
    assert one.differences(two) == ()
    assert one.recipe == two.recipe == replace(QUICK, drop_path=0.1)  # SegFormer's default


def test_the_card_has_what_decides_a_training(stripes, tmp_path):
    result = train(
        model="segformer-b0", dataset=stripes, out=tmp_path, recipe=QUICK, workers=0, seed=3,
        ema=0.5, drop_path=0.2, precision="bf16",
    )  # fmt: skip
    training = load_card(result.card).training
    assert (training.model, training.dataset, training.split) == (
        "segformer-b0",
        "stripes",
        "train",
    )
    assert (training.images, training.precision, training.processes) == (3, "bf16", 1)
    assert training.recipe == replace(QUICK, seed=3, ema=0.5, drop_path=0.2)
    assert training.miou == pytest.approx(result.miou, abs=0.005)
    assert f"Clean mIoU {result.miou:.2f} % on stripes val (3 images)" in result.summary


def test_the_threads_of_the_process_are_as_they_were(stripes, tmp_path):
    before = torch.get_num_threads()
    train(model="segformer-b0", dataset=stripes, out=tmp_path, recipe=QUICK, workers=0, threads=2)
    assert load_card(tmp_path / "segformer-b0-stripes.toml").training.hardware.endswith("2 threads")
    assert torch.get_num_threads() == before


def test_the_card_of_an_earlier_version_is_kept_and_completed(stripes, tmp_path):
    def again():
        return train(model="segformer-b0", dataset=stripes, out=tmp_path, recipe=QUICK, workers=0)

    path = again().card
    card, before = load_card(path), weights(path)
    facts = ("model", "dataset", "split", "images", "precision", "processes", "recipe")
    old = replace(card, training=replace(card.training, **dict.fromkeys(facts)))
    path.write_text(card_text(old, ""))
    assert load_card(path).training.recipe is None
    checkpoint = (tmp_path / "checkpoint.pt").rename(tmp_path / "elsewhere.pt")
    with pytest.raises(
        ModelError, match="is the model of another training: recipe, which is not recorded"
    ):
        again()
    checkpoint.rename(tmp_path / "checkpoint.pt")
    assert again().iterations == 2
    assert load_card(path) == card
    assert all(np.array_equal(before[name], tensor) for name, tensor in weights(path).items())


def test_another_network_of_the_same_name_is_another_training(stripes, tmp_path):
    source = load_card("segformer-b0")
    options = {"dataset": stripes, "out": tmp_path, "recipe": QUICK, "workers": 0}
    train(model=source, **options)
    (tmp_path / "checkpoint.pt").unlink()
    other = replace(source, variant={"size": "b0", "decoder_channels": 64})
    with pytest.raises(
        ModelError,
        match=r"is the model of another training: variant {'size': 'b0'} and {'size': 'b0', 'd",
    ):
        train(model=other, **options)


def test_a_split_cannot_be_found_beside_an_open_dataset(stripes, tmp_path):
    with pytest.raises(DatasetError) as error:
        train(
            model="segformer-b0", dataset=open_dataset(stripes), out=tmp_path / "out", recipe=QUICK
        )
    assert str(error.value) == (
        "the dataset 'stripes' is given as an object, so its split 'val' cannot be opened; give "
        "an open dataset as validate_on"
    )
    assert not (tmp_path / "out").exists()


def test_two_trainings_in_one_folder_are_refused(stripes, tmp_path):
    """Each would overwrite the other's checkpoint."""
    given = {"model": "segformer-b0", "dataset": stripes, "recipe": QUICK, "workers": 0}
    with only_process(tmp_path) as alone:
        assert alone
        with pytest.raises(ModelError, match="another training is running in this folder; wait"):
            train(**given, out=tmp_path)
    assert list(tmp_path.glob("*.pt")) == []
    assert train(**given, out=tmp_path).iterations == 2
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="file/out cannot be created"):
        train(**given, out=tmp_path / "file" / "out")


def test_an_unknown_precision_is_one_line(stripes, tmp_path):
    with pytest.raises(OptionError, match="unknown precision 'bf61'; did you mean 'bf16'"):
        train(model="segformer-b0", dataset=stripes, out=tmp_path, precision="bf61")


def test_an_image_that_a_worker_cannot_read_is_one_line(stripes, tmp_path):
    for broken in (tmp_path / "train").glob("*.jpg"):
        broken.write_bytes(b"no image")
    with pytest.raises(DatasetError) as error:
        train(model="segformer-b0", dataset=stripes, out=tmp_path / "out", recipe=QUICK, workers=1)
    assert re.fullmatch(rf"{tmp_path}/train/\d\.jpg: .*", str(error.value))
    assert multiprocessing.active_children() == [], "a worker that stays keeps the program alive"


def test_a_worker_that_dies_is_one_line(stripes, tmp_path):
    class Deadly:
        """Dies where it is unpickled: in the worker."""

        def __init__(self, dataset):
            self.dataset = dataset

        def __getattr__(self, name):
            return getattr(self.dataset, name)

        def __len__(self):
            return len(self.dataset)

        def __reduce__(self):
            return os._exit, (9,)

    train_split, val_split = (open_dataset(stripes, split=split) for split in ("train", "val"))
    with pytest.raises(ModelError, match=r"^a process that prepares batches died, .*; finished"):
        train(
            model="segformer-b0",
            dataset=Deadly(train_split),
            validate_on=val_split,
            out=tmp_path / "out",
            recipe=QUICK,
            workers=1,
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "segformer-b0"}, "a training needs out; give it"),
        ({"out": "o"}, "a training needs model; give it"),
        ({"model": "segformer-b0", "out": "o", "sead": 1}, "unknown option of train 'sead'; did"),
        ({"spec": TrainingSpec("m", Path("o")), "out": "o"}, "give a specification or options, no"),
    ],
)
def test_options_that_do_not_exist_or_lack_are_one_line(options, message):
    with pytest.raises(OptionError, match=message):
        train(**options)


def test_a_specification_is_the_same_call(stripes, tmp_path):
    options = {"model": "segformer-b0", "dataset": stripes, "out": tmp_path, "workers": 0}
    first = train(**options, recipe=QUICK)
    again = train(training_spec(**options, recipe=QUICK))
    assert again.card == first.card
    assert again.summary.startswith("already finished")
