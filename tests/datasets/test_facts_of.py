"""The facts of an open dataset: its own, or those of the built-in dataset that it is."""

from dataclasses import dataclass

from robustbench_seg.datasets import class_names, described_facts, facts_of, open_dataset
from robustbench_seg.datasets.classes.facts import DatasetFacts


@dataclass
class Own:
    """As much of a user's dataset as its facts need."""

    name: str = "quarry"
    classes: tuple[str, ...] = ("rock", "person")
    facts: object = None


def test_a_dataset_of_a_user_may_have_facts():
    facts = DatasetFacts(name="quarry", classes=("rock", "person"), persons=("person",))
    assert facts_of(Own(facts=facts)) is facts
    assert facts_of(Own()) is None
    assert facts_of(Own(facts={"persons": ("person",)})) is None


def test_a_dataset_without_facts_has_those_of_its_name_and_classes():
    cityscapes = class_names("cityscapes")
    assert facts_of(Own("cityscapes", cityscapes)) is described_facts("cityscapes")
    assert facts_of(Own("cityscapes", cityscapes[::-1])) is None


def test_minicity_and_a_subset_have_the_facts_of_their_files(tmp_path, put):
    assert facts_of(open_dataset("minicity")) is described_facts("minicity")
    put("rgb_anon/fog/test/G/1_rgb_anon.png")
    fog = open_dataset("acdc:fog", tmp_path, "test")
    assert facts_of(fog) is described_facts("acdc")
