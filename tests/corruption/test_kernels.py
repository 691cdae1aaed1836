"""The compiled loops reproduce the results of libraries bit by bit."""

import cv2
import numba
import numpy as np
import pytest
from scipy import ndimage, stats
from skimage import color, data, filters

from robustbench_seg.corruption import blur, blur_weights, kernels, noise, streams
from robustbench_seg.corruption.image_arrays import truncated
from robustbench_seg.machine.compiled import compiled
from robustbench_seg.records.cards.protocol import load_protocol


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def photograph() -> np.ndarray:
    """A photograph with patches of white, black, gray and checks: where sums are whole."""
    image = data.astronaut()[:150, 90:300].copy()
    image[:40, :60], image[:40, 60:100], image[50:90, :60] = 255, 0, 128
    image[100:140, :60] = np.indices((40, 60)).sum(0)[..., None] % 2 * 58
    return image


@pytest.mark.parametrize("sigma", [0.7, 1, 1.5, 4, 6])
def test_gaussian_is_that_of_skimage(rng, sigma):
    image = photograph()
    expected = filters.gaussian(image / 255.0, sigma, channel_axis=2)
    levels = blur.gaussian_blur(image, None, sigma=sigma)
    assert np.array_equal(levels, (np.clip(expected, 0, 1) * 255).astype(np.uint8))
    plane = rng.random((20, 9))
    assert np.array_equal(blur_weights.gaussian(plane, sigma), filters.gaussian(plane, sigma))
    single = plane.astype(np.float32)
    doubles_between = blur_weights.gaussian(single.astype(np.float64), sigma, single=True)
    assert np.array_equal(doubles_between, filters.gaussian(single, sigma))
    in_singles = blur_weights.gaussian(single, sigma)
    assert in_singles.dtype == np.float32
    assert np.abs(in_singles - blur_weights.gaussian(plane, sigma)).max() < 1e-6


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
def test_defocus_is_that_of_opencv(severity):
    parameters = load_protocol().perturbation("defocus_blur").parameters[severity - 1]
    disk = blur._disk(int(parameters["radius"]), parameters["alias"])
    image = photograph()
    expected = truncated(cv2.filter2D(image / 255.0, -1, disk))
    assert np.array_equal(blur.defocus_blur(image, None, **parameters), expected)


def test_defocus_by_a_kernel_of_one_weight_wider_than_singles_count():
    image = np.full((400, 420, 3), (249, 251, 253), np.uint8)
    expected = truncated(cv2.filter2D(image / 255.0, -1, blur._disk(150, 1e-3)))
    assert np.array_equal(blur.defocus_blur(image, None, radius=150, alias=1e-3), expected)


@pytest.mark.parametrize("radius", [31, 32, 40])
def test_defocus_wider_than_the_image_is_that_of_opencv(radius):
    image = photograph()[:32, :48].copy()
    expected = truncated(cv2.filter2D(image / 255.0, -1, blur._disk(radius, 0.5)))
    assert np.array_equal(blur.defocus_blur(image, None, radius=radius, alias=0.5), expected)


def test_loops_are_compiled_also_where_they_cannot_be_kept(monkeypatch, caplog):
    made = numba.njit

    def uncached(*arguments, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function 'twice': no locator available")
        return made(*arguments, **options)

    monkeypatch.setattr(numba, "njit", uncached)
    assert compiled(lambda x: 2 * x)(21) == 42
    assert "NUMBA_CACHE_DIR" in caplog.text


def test_defocus_leaves_ties_to_opencv(monkeypatch):
    # The mean of four pixels is often exactly a level, so only the library's rounding decides.
    quarters = np.zeros((17, 17), np.float32)
    quarters[[7, 9, 8, 8], [8, 8, 7, 9]] = 0.25
    monkeypatch.setattr(blur, "_disk", lambda radius, alias: quarters)
    image = photograph()
    runs = np.array([[0, 1], [1, 0]])
    out = np.empty_like(image)
    steps, ones = np.array([0.25, 0.25]), np.ones(2, np.float32)
    assert not kernels.disk_levels(image, runs, steps, ones, True, 1, 1e-3, 0, len(out), out)


@pytest.mark.parametrize("margin", ["rigorous", "none"])
def test_the_second_look_is_what_makes_blur_exact(margin, monkeypatch):
    image = photograph()
    if margin == "none":
        monkeypatch.setattr(blur_weights, "float32_error", lambda shares: 0.0)
    wrong = 0
    for sigma in (1, 2, 3, 4, 6):
        expected = filters.gaussian(image / 255.0, sigma, channel_axis=2)
        levels = blur.gaussian_blur(image, None, sigma=sigma)
        wrong += (levels != (np.clip(expected, 0, 1) * 255).astype(np.uint8)).sum()
    assert (wrong > 0) == (margin == "none")


def test_the_float32_error_is_a_bound(rng):
    for taps in (5, 21, 99):
        weights = rng.random(taps)
        weights /= weights.sum()
        levels = rng.integers(0, 256, (taps, 2000)).astype(np.float32)
        total = np.zeros(2000, np.float32)
        for weight, level in zip(weights.astype(np.float32), levels, strict=True):
            total += weight * level
        error = np.abs(total - weights @ levels.astype(np.float64)).max()
        bound = blur_weights.float32_error(weights)
        assert bound / 200 < error < bound


@pytest.mark.parametrize("zoom", [2, 2.5, 3, 4, 4.5])
def test_enlarge_is_zoom_of_scipy(rng, zoom):
    for _ in range(40):
        _compare_with_scipy(rng.random(tuple(rng.integers(1, 90, 2))) + 0.1, zoom)


@pytest.mark.parametrize(("rows", "columns"), [(29, 9), (9, 29), (50, 29)])
def test_enlarge_loses_the_edges_that_scipy_loses(rng, rows, columns):
    """A rounding error puts the last of 29 or 50 beyond the source."""
    expected = _compare_with_scipy(rng.random((rows, columns)) + 0.1, 3)
    assert expected[-1].any() == (rows == 9)
    assert expected[:-1, -1].any() == (columns == 9)


def _compare_with_scipy(source, zoom):
    expected = ndimage.zoom(source, zoom, order=1)
    out = np.empty(expected.shape)
    kernels.enlarge(source, 0.3, 0, len(out), out)
    assert np.array_equal(out, np.clip(np.where(expected < 0.3, 0, expected), 0, 1))
    return expected


SHIFTS = [(1, 0, row["add"]) for row in load_protocol().perturbation("brightness").parameters]
SHIFTS += [
    (row["factor"], row["add"], 0) for row in load_protocol().perturbation("saturate").parameters
]


@pytest.mark.parametrize(
    ("factor", "add", "value_add"), [*SHIFTS, (5, 0.1, 0.3), (0.4, -0.1, -0.2)]
)
def test_hsv_is_that_of_skimage(factor, add, value_add):
    # All colours of some levels: grays, ties between channels, and sums that are whole levels.
    levels = np.uint8([0, 1, 2, 3, 17, 50, 51, 85, 102, 127, 128, 153, 204, 253, 254, 255])
    image = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(64, 64, 3)
    hsv = color.rgb2hsv(image / 255.0)
    hsv[..., 1] = np.clip(hsv[..., 1] * factor + add, 0, 1)
    hsv[..., 2] = np.clip(hsv[..., 2] + value_add, 0, 1)
    expected = (np.clip(color.hsv2rgb(hsv), 0, 1) * 255).astype(np.uint8)
    out = np.empty_like(image)
    kernels.shift_hsv(image, float(factor), float(add), float(value_add), out)
    assert np.array_equal(out, expected)


def test_channel_sums_are_those_of_numpy(rng):
    image = rng.integers(0, 256, (211, 173, 3), np.uint8)
    means = kernels.channel_sums(image) / (211 * 173)
    assert np.array_equal(means, (image / 255.0).mean(axis=(0, 1)))


def test_shifts_follow_the_sign_and_repeat_the_edge():
    image = np.arange(12, dtype=np.uint8).reshape(3, 4, 1)
    out = np.empty_like(image)
    shifts = (np.array([1, 0]), np.array([-2, 0]), (0, 1, 2))
    singles = np.array([1, 0], np.float32)
    kernels.shifted_levels(image, np.array([1.0, 0.0]), *shifts, singles, 1e-4, 0, 3, out)
    expected = [[2, 3, 3, 3], [2, 3, 3, 3], [6, 7, 7, 7]]
    assert out[..., 0].tolist() == expected
    kernels.shifted_plane(image[..., 0] / 255.0, np.array([1.0, 0.0]), *shifts, 0, 3, out[..., 0])
    assert out[..., 0].tolist() == expected


def test_pixels_are_packed_and_unpacked(rng):
    image = rng.integers(0, 256, (5, 7, 3), np.uint8)
    packed, back = np.empty((5, 7), np.uint32), np.empty_like(image)
    kernels.pack(image, packed)
    assert packed[1, 2] == image[1, 2] @ [1, 2**8, 2**16]
    kernels.unpack(packed, back)
    assert np.array_equal(back, image)


def test_a_copied_pixel_can_be_copied_again():
    steps = np.array([1, 7])
    # Every pixel takes its right neighbour's value, from right to left: the rightmost spreads.
    packed = np.arange(49, dtype=np.uint32).reshape(7, 7)
    expected = packed.copy()
    expected[3:6, 3:6] = expected[3:6, 6:7]
    kernels.copy_neighbours(packed, 5, 3, 2, np.zeros(9, np.uint8), steps)
    assert np.array_equal(packed, expected)
    # Every pixel takes its lower neighbour's value, from the bottom up.
    packed = np.arange(49, dtype=np.uint32).reshape(7, 7)
    expected = packed.copy()
    expected[3:6, 3:6] = expected[6:7, 3:6]
    kernels.copy_neighbours(packed, 5, 3, 2, np.ones(9, np.uint8), steps)
    assert np.array_equal(packed, expected)


def implied(table: np.ndarray) -> np.ndarray:
    """The probabilities that an alias table draws by."""
    thresholds = table >> 8
    aliases = table & 255
    distributions = np.zeros(table.shape)
    rows = np.arange(len(table))
    for entry in range(256):
        distributions[rows, entry] += thresholds[:, entry]
        distributions[rows, aliases[:, entry]] += 2**24 - thresholds[:, entry].astype(np.int64)
    return distributions / 2**32


def test_alias_tables_keep_every_probability(rng):
    distributions = rng.random((5, 256)) ** 8
    distributions[1] = 0
    distributions[1, 77] = 1
    distributions[2] = 1
    distributions[3, 10:] = 0
    distributions /= distributions.sum(axis=1, keepdims=True)
    error = np.abs(implied(kernels.alias_table(distributions)) - distributions)
    assert error.max() < 256 * 2**-32
    assert error[1].max() == 0


def test_draws_follow_the_table():
    distributions = np.zeros((256, 256))
    distributions[:, 0] = 1
    distributions[9] = 0
    distributions[9, [3, 200, 255]] = [0.25, 0.7499, 0.0001]
    distributions[10, [0, 5]] = [0, 1]
    table = kernels.alias_table(distributions)
    levels = np.full(1_000_001, 9, np.uint8)
    levels[::2] = 10
    out = np.empty_like(levels)
    kernels.draw_levels(levels, np.arange(4, dtype=np.uint32), 0, table, out)
    assert (out[::2] == 5).all()
    counts = np.bincount(out[1::2], minlength=256)
    assert counts[[3, 200, 255]].sum() == 500_000
    assert (
        stats.chisquare(counts[[3, 200, 255]], distributions[9, [3, 200, 255]] * 500_000).pvalue
        > 1e-3
    )


def test_impulse_law_by_hand():
    distribution = implied(streams._alias_table(noise.ImpulseNoise(0.2)))[100]
    assert distribution[[0, 100, 255]] == pytest.approx([0.1, 0.8, 0.1], abs=1e-7)
    assert distribution.sum() == pytest.approx(1)
