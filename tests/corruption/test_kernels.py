"""The compiled loops against the libraries whose results they reproduce, to the bit."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import color, filters

from robustbench_seg.corruption import kernels, noise, pixels


@pytest.fixture
def rng():
    return np.random.default_rng(11)


@pytest.mark.parametrize("sigma", [0.7, 1, 1.5, 4, 6])
def test_gaussian_is_that_of_skimage(rng, sigma):
    image = rng.random((37, 50, 3))
    assert np.array_equal(
        pixels.gaussian(image, sigma), filters.gaussian(image, sigma, channel_axis=2)
    )
    plane = rng.random((20, 9))
    assert np.array_equal(pixels.gaussian(plane, sigma), filters.gaussian(plane, sigma))
    single = plane.astype(np.float32)
    ours = pixels.gaussian(single, sigma).astype(np.float32)
    assert np.array_equal(ours, filters.gaussian(single, sigma))


def test_enlarge_is_zoom_of_scipy(rng):
    black_edges = 0
    for zoom in (2, 2.5, 3, 4, 4.5):
        for _ in range(40):
            source = rng.random(tuple(rng.integers(1, 90, 2))) + 0.1
            expected = ndimage.zoom(source, zoom, order=1)
            out = np.empty(expected.shape)
            kernels.enlarge(source, out)
            assert np.array_equal(out, expected)
            black_edges += not expected[-1].any() or not expected[:, -1].any()
    assert black_edges > 0, "no size met at which SciPy loses the last row or column"


def test_hsv_is_that_of_skimage(rng):
    image = rng.integers(0, 256, (60, 70, 3), np.uint8)
    image[:30] //= 64  # many ties between channels, and grays
    hsv = color.rgb2hsv(image / 255.0)
    hsv[..., 1] = np.clip(hsv[..., 1] * 5 + 0.1, 0, 1)
    hsv[..., 2] = np.clip(hsv[..., 2] + 0.3, 0, 1)
    expected = (np.clip(color.hsv2rgb(hsv), 0, 1) * 255).astype(np.uint8)
    out = np.empty_like(image)
    kernels.shift_hsv(image, 5.0, 0.1, 0.3, out)
    assert np.array_equal(out, expected)


def test_channel_sums_are_those_of_numpy(rng):
    image = rng.integers(0, 256, (211, 173, 3), np.uint8)
    means = kernels.channel_sums(image) / (211 * 173)
    assert np.array_equal(means, (image / 255.0).mean(axis=(0, 1)))


def test_shifts_follow_the_sign_and_repeat_the_edge():
    plane = np.arange(12, dtype=np.float64).reshape(3, 4, 1)
    out = np.empty_like(plane)
    shifts = (np.array([1]), np.array([-2]))
    kernels.weighted_shifts(plane, np.array([2.0]), *shifts, out)
    assert out[..., 0].tolist() == [[4, 6, 6, 6], [4, 6, 6, 6], [12, 14, 14, 14]]


def test_a_copied_pixel_can_be_copied_again():
    # Every pixel takes its right neighbour's value, from right to left: the rightmost spreads.
    image = np.arange(49, dtype=np.uint8).reshape(7, 7, 1)
    expected = image.copy()
    expected[3:6, 3:6] = expected[3:6, 6:7]
    kernels.copy_neighbours(image, np.tile([1, 0], (9, 1)), 2)
    assert np.array_equal(image, expected)
    # And its lower neighbour's, from the bottom up.
    image = np.arange(49, dtype=np.uint8).reshape(7, 7, 1)
    expected = image.copy()
    expected[3:6, 3:6] = expected[6:7, 3:6]
    kernels.copy_neighbours(image, np.tile([0, 1], (9, 1)), 2)
    assert np.array_equal(image, expected)


def implied(table: np.ndarray) -> np.ndarray:
    """The probabilities that an alias table draws by."""
    thresholds = table >> 8
    aliases = table & 255
    laws = np.zeros(table.shape)
    rows = np.arange(len(table))
    for entry in range(256):
        laws[rows, entry] += thresholds[:, entry]
        laws[rows, aliases[:, entry]] += 2**24 - thresholds[:, entry].astype(np.int64)
    return laws / 2**32


def test_alias_tables_keep_every_probability(rng):
    laws = rng.random((5, 256)) ** 8
    laws[1] = 0
    laws[1, 77] = 1
    laws[2] = 1
    laws[3, 10:] = 0
    laws /= laws.sum(axis=1, keepdims=True)
    error = np.abs(implied(kernels.alias_table(laws)) - laws)
    assert error.max() < 256 * 2**-32
    assert error[1].max() == 0


def test_draws_follow_the_table():
    # All 2^16 draws whose other bits are zero: eight choose the entry, the top eight decide.
    laws = np.zeros((256, 256))
    laws[9, [3, 200]] = [0.25, 0.75]
    laws[10, 5] = 1
    laws[[i for i in range(256) if i not in (9, 10)], 0] = 1
    draws = (np.arange(2**16, dtype=np.uint32) & 255) | (
        np.arange(2**16, dtype=np.uint32) >> 8 << 24
    )
    for level, expected in ((9, {3: 0.25, 200: 0.75}), (10, {5: 1.0})):
        out = np.empty(2**16, np.uint8)
        levels = np.full(2**16, level, np.uint8)
        kernels.draw_levels(levels, draws, kernels.alias_table(laws), out)
        counts = np.bincount(out)
        assert {int(k): counts[k] / 2**16 for k in counts.nonzero()[0]} == expected


def test_impulse_law_by_hand():
    law = implied(noise._impulse_table(0.2))[100]
    assert law[[0, 100, 255]] == pytest.approx([0.1, 0.8, 0.1], abs=1e-7)
    assert law.sum() == pytest.approx(1)
