import os

import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from robustbench_seg.machine.threads import (
    SPINS,
    limit_spinning,
    one_blas_thread,
    torch_threads,
)


@pytest.fixture(autouse=True)
def undecided(monkeypatch):
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        monkeypatch.setenv(name, "")  # so that monkeypatch restores it
        monkeypatch.delenv(name)


def test_threads_spin_briefly():
    limit_spinning()
    assert os.environ["GOMP_SPINCOUNT"] == str(SPINS)


@pytest.mark.parametrize(
    ("name", "value"), [("GOMP_SPINCOUNT", "7"), ("OMP_WAIT_POLICY", "ACTIVE")]
)
def test_what_the_user_decided_stands(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    limit_spinning()
    assert os.environ[name] == value
    assert os.environ.get("GOMP_SPINCOUNT") == ("7" if name == "GOMP_SPINCOUNT" else None)


@pytest.mark.parametrize(("count", "inside"), [(2, 2), (None, 1)])
def test_threads_of_torch_are_put_back(count, inside):
    assert torch.get_num_threads() == 1  # set in conftest.py
    with torch_threads(count):
        assert torch.get_num_threads() == inside
    assert torch.get_num_threads() == 1


def test_matrix_products_have_one_thread():
    def counts():
        return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]

    with threadpool_limits(2, user_api="blas"):
        before = counts()
        with one_blas_thread():
            assert set(counts()) == {1}
        assert counts() == before
