"""An object of a user as a dataset."""

import pytest

from robustbench_seg import open_dataset
from robustbench_seg.datasets import (
    Dataset,
    EvaluationDataset,
    LabelledSamples,
    TreeDataset,
    check_dataset,
)
from robustbench_seg.errors import DatasetError


class Slow:
    """A dataset whose fingerprint must not be computed for a check."""

    name, split, classes = "slow", "val", ("road",)

    @property
    def fingerprint(self):
        raise AssertionError("computed")

    def __getattr__(self, name):
        if name == "ids":
            return ("a.png",)
        raise AttributeError(name)

    def __len__(self):
        return 1

    def __getitem__(self, index):
        raise AssertionError("read")


def test_members_are_looked_up_and_not_computed():
    check_dataset(Slow(), LabelledSamples)


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        (EvaluationDataset, "image, palette, clip, first"),
        (TreeDataset, "image, companions, on_disk"),
    ],
)
def test_the_message_names_what_the_function_needs_and_the_object_lacks(kind, missing):
    with pytest.raises(DatasetError, match=rf"; it lacks {missing}$"):
        check_dataset(Slow(), kind)


def test_no_member_is_asked_twice():
    needs = "name, split, __len__, __getitem__, ids, image, companions, on_disk, classes, "
    with pytest.raises(DatasetError, match=rf"; it lacks {needs}fingerprint, palette, clip, first"):
        check_dataset(object(), Dataset)


def test_an_open_dataset_satisfies_every_protocol():
    for kind in (LabelledSamples, EvaluationDataset, TreeDataset, Dataset):
        check_dataset(open_dataset("minicity"), kind)
