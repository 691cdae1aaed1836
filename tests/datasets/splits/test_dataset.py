"""An object of a user as a dataset."""

import pytest

from robustbench_seg.datasets import check_dataset
from robustbench_seg.errors import DatasetError


class Slow:
    """A dataset whose fingerprint must not be computed for a check."""

    def __init__(self):
        self.name = "slow"

    @property
    def fingerprint(self):
        raise AssertionError("computed")


def test_members_are_looked_up_and_not_computed():
    check_dataset(Slow(), ["name", "fingerprint"])
    with pytest.raises(DatasetError, match=r"; it lacks split, ids$"):
        check_dataset(Slow(), ["name", "split", "ids", "fingerprint"])
