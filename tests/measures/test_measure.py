"""Draws of measures with additive scores: weighted sums over the images."""

import numpy as np
import pytest

from robustbench_seg.measures.measure import AdditiveScores


class Sums(AdditiveScores):
    """A measure whose scores are its counts."""

    def compute(self, counts):
        return {"first": counts[..., 0], "second": counts[..., 1]}


def drawn(stack):
    times = np.random.default_rng(0).multinomial(len(stack), [1 / len(stack)] * len(stack), size=5)
    times = np.concatenate([np.ones((1, len(stack))), times]).astype(np.float64)
    # A second condition, in the reverse order of the images, is beside the first.
    both = Sums().draws(np.stack([stack[::-1], stack]), times)
    found = {name: values[1] for name, values in both.items()}
    exact = [
        [sum(int(n) * int(v) for n, v in zip(row, c, strict=True)) for row in times]
        for c in stack.T
    ]
    return found, dict(zip(("first", "second"), exact, strict=True))


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
def test_every_sum_of_large_counts_is_exact(dtype):
    rows = [[2**30 + 1, 1]] + [[1, 2**40 + number] for number in range(99)]
    found, exact = drawn(np.array(rows, dtype))
    for name, values in found.items():
        assert values.dtype == np.float64
        assert values.tolist() == exact[name]


def test_the_sum_of_float32_counts_is_exact_and_their_draws_nearly():
    """In float32, 2**24 + 1 is 2**24."""
    rows = [[2**24, 2**25]] + [[1, 3]] * 99
    found, exact = drawn(np.array(rows, np.float32))
    for name, values in found.items():
        assert values.dtype == np.float64
        assert values[0] == exact[name][0]
        assert values == pytest.approx(exact[name], rel=1e-5)
