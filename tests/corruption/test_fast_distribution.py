"""The fast stream draws other numbers than the reference, by the same laws."""

import numpy as np
import pytest
from scipy import stats

from robustbench_seg.corruption import corrupt, noise, streams
from robustbench_seg.records.cards.protocol import load_protocol

NOISES = load_protocol().names[4:8]
LEVELS = (0, 1, 47, 128, 200, 255)
QUANTILES = stats.norm.ppf((np.arange(400_000) + 0.5) / 400_000)


def by_the_formula(name: str, level: int, parameter: float) -> np.ndarray:
    """The law of the new level, from the formulas of the reference applied to quantiles."""
    x = level / 255.0
    weights = np.full(len(QUANTILES), 1 / len(QUANTILES))
    if name == "gaussian_noise":
        values = x + parameter * QUANTILES
    elif name == "speckle_noise":
        values = x + x * (parameter * QUANTILES)
    elif name == "shot_noise":
        counts = np.arange(300)
        values, weights = counts / parameter, stats.poisson.pmf(counts, x * parameter)
    else:
        values = np.array([0.0, x, 1.0])
        weights = np.array([parameter / 2, 1 - parameter, parameter / 2])
    new = np.uint8(np.clip(values, 0, 1) * 255)
    return np.bincount(new, weights, minlength=256)


def drawn(name: str, level: int, severity: int, stream: str, seed: int) -> np.ndarray:
    image = np.full((200, 200, 3), level, np.uint8)
    out = corrupt(image, name, severity, seed=seed, stream=stream)
    return np.bincount(out.reshape(-1), minlength=256)


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("name", NOISES)
def test_tables_hold_the_distribution_of_the_formula(name, severity):
    (parameter,) = load_protocol().perturbation(name).parameters[severity - 1].values()
    kind = getattr(noise, f"{name.removesuffix('_noise').title()}Noise")
    table = streams._alias_table(kind(parameter))
    for level in LEVELS:
        thresholds, aliases = (table[level] >> 8).astype(np.int64), table[level] & 255
        total = thresholds + np.bincount(aliases, 2**24 - thresholds, minlength=256)
        expected = by_the_formula(name, level, parameter)
        assert np.abs(total / 2**32 - expected).max() < 4e-6


@pytest.mark.parametrize("severity", [1, 3, 5])
@pytest.mark.parametrize("name", NOISES)
def test_histograms_are_those_of_the_reference(name, severity):
    for level in LEVELS:
        fast = drawn(name, level, severity, "fast", 0)
        reference = drawn(name, level, severity, "reference", 1)
        assert ((fast > 50) <= (reference > 0)).all(), "a level that the reference never gives"
        bins = fast + reference >= 20
        if bins.sum() < 2:
            assert fast.argmax() == reference.argmax()
            continue
        _, p, _, _ = stats.chi2_contingency([fast[bins], reference[bins]])
        assert p > 1e-4
        grid = np.arange(256)
        means = [np.average(grid, weights=counts) for counts in (fast, reference)]
        variance = np.average((grid - means[1]) ** 2, weights=reference)
        assert abs(means[0] - means[1]) < 4 * np.sqrt(2 * variance / fast.sum())


@pytest.mark.parametrize("name", NOISES)
def test_samples_are_independent(name):
    image = np.full((200, 200, 3), 120, np.uint8)
    out = corrupt(image, name, 3).astype(float)
    out = (out - out.mean()) / out.std()
    neighbours = [
        (out[..., 0], out[..., 1]),
        (out[..., 1], out[..., 2]),
        (out[:, 1:], out[:, :-1]),
        (out[1:], out[:-1]),
    ]
    for here, there in neighbours:
        assert abs((here * there).mean()) < 4.5 / np.sqrt(here.size)


def statistics_of(name: str, severity: int, stream: str) -> np.ndarray:
    """Four numbers on each of 60 corrupted copies of an image; they also tell if it has moved."""
    row, column = np.mgrid[:48, :64]
    image = np.stack([2 * column + 60, 3 * row + 40, np.where(row < 24, 60, 120)], axis=2)
    image = image.astype(np.uint8)
    rows = []
    for seed in range(60):
        out = corrupt(image.astype(np.uint8), name, severity, seed=seed, stream=stream).astype(
            float
        )
        roughness = np.abs(np.diff(out, axis=0)).mean()
        rows.append((out[..., 0].mean(), out[..., 1].mean(), out.std(), roughness))
    return np.array(rows)


@pytest.mark.parametrize("severity", [1, 3, 5])
@pytest.mark.parametrize("name", ["glass_blur", "motion_blur", "snow", "spatter", "fog", "frost"])
def test_whole_images_vary_as_the_reference_does(name, severity):
    fast, reference = (statistics_of(name, severity, s) for s in ("fast", "reference"))
    for column in range(fast.shape[1]):
        same = stats.ks_2samp(fast[:, column], reference[:, column], method="asymp")
        assert same.pvalue > 1e-3
