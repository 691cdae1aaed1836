"""Which dataset a training uses, and what its specification, card and record say about it."""

import pytest

from robustbench_seg.datasets import open_dataset
from robustbench_seg.errors import DatasetError
from robustbench_seg.records.cards.model_card import load_card
from robustbench_seg.records.specs.training_spec import TrainingSpec
from robustbench_seg.training.arguments import open_inputs, open_split, with_dataset
from robustbench_seg.training.trained_model import planned_model

MODEL = "segformer-b0-minicity"


def inputs(spec=None, model=None, dataset=None, validate_on=None, **options):
    return open_inputs(spec, model=model, dataset=dataset, validate_on=validate_on, options=options)


@pytest.mark.parametrize("given", ["spec", "options", "card"])
def test_without_a_dataset_it_is_that_of_the_card(given, tmp_path):
    spec, name = TrainingSpec(MODEL, tmp_path), load_card(MODEL).dataset
    found = {
        "spec": lambda: inputs(spec),
        "options": lambda: inputs(model=MODEL, out=tmp_path),
        "card": lambda: inputs(model=load_card(MODEL), out=tmp_path),
    }[given]()
    assert name == found.spec.dataset == found.images.name == found.validation.name == "minicity"
    assert (found.images.split, found.validation.split) == ("train", "val")
    card, training = planned_model(found.spec, found.base_card, found.images)
    assert card.dataset == training.dataset == "minicity"
    assert "--dataset minicity" in training.command
    assert with_dataset(spec, found.base_card) == found.spec
    assert open_split(found.spec, "train").fingerprint == found.images.fingerprint


@pytest.mark.parametrize("option", ["dataset", "validate_on"])
def test_an_object_that_is_no_dataset_is_one_line(tmp_path, option):
    given = {"dataset": open_dataset("minicity"), "validate_on": open_dataset("minicity")}
    with pytest.raises(DatasetError, match=r"^dataset: 1 is neither a name"):
        inputs(model="segformer-b0", **(given | {option: 1}), out=tmp_path)


def test_the_specification_names_the_open_splits(tmp_path):
    val, test = open_dataset("minicity").first(3), open_dataset("minicity").first(2)
    found = inputs(model="segformer-b0", dataset=val, validate_on=test, out=tmp_path)
    assert (found.images, found.validation) == (val, test)
    assert (found.spec.dataset, found.spec.split) == ("minicity", "val")
    assert found.spec.validate_on == "val"
