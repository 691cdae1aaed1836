"""Zoom blur, elastic transform and pixelation, against SciPy and by hand."""

import tracemalloc

import imagecorruptions
import numpy as np
import pytest
from scipy import ndimage
from skimage import data

from robustbench_seg.corruption import corrupt, kernels, resampling
from robustbench_seg.corruption.streams import FastStream

NAMES = ("zoom_blur", "elastic_transform", "pixelate")


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def zoomed_by_scipy(image: np.ndarray, stop: float, step: float) -> tuple[np.ndarray, int]:
    """The formula of the reference, and how many enlargements lost their last row or column."""
    height, width, _ = image.shape
    intensities = (image / 255.0).astype(np.float32)
    total, lost = np.zeros_like(intensities), 0
    zooms = np.arange(1, stop, step)
    for zoom in zooms:
        rows, columns = int(np.ceil(height / zoom)), int(np.ceil(width / zoom))
        top, left = (height - rows) // 2, (width - columns) // 2
        cut = intensities[top : top + rows, left : left + columns]
        layer = ndimage.zoom(cut, (zoom, zoom, 1), order=1)[:height, :width]
        lost += not layer[-1].any() or not layer[:, -1].any()
        total += layer
    return np.uint8(np.clip((intensities + total) / (len(zooms) + 1), 0, 1) * 255), lost


def test_zoom_blur_is_a_mean_of_scipy_s_zooms_at_any_size(rng):
    all_lost = 0
    for _ in range(60):
        shape = (*rng.integers(32, 150, 2), 3)
        image = rng.integers(1, 256, shape, np.uint8)
        for parameters in ({"stop": 1.11, "step": 0.01}, {"stop": 1.31, "step": 0.03}):
            expected, lost = zoomed_by_scipy(image, **parameters)
            out = resampling.zoom_blur(image, FastStream(None, "", 1, 0), **parameters)
            assert np.array_equal(out, expected), shape
            all_lost += lost
    assert all_lost > 0, "no size met at which SciPy loses the last row or column"


def test_an_enlargement_covers_every_side():
    # Each pixel is then a mean of equally many; the reference has a branch for the other case.
    zooms = np.arange(1, 1.35, 0.01)
    for side in range(32, 4097):
        for start, length, enlarged in (resampling._zoomed(side, zoom) for zoom in zooms):
            assert enlarged >= side
            assert start >= 0
            assert start + length <= side


@pytest.mark.parametrize("reach", [0.4, 3, 200])
def test_displace_is_map_coordinates_of_scipy(rng, reach):
    for _ in range(20):
        height, width = rng.integers(32, 70, 2)
        image = rng.integers(0, 256, (height, width, 3), np.uint8)
        down, right = rng.uniform(-reach, reach, (2, height, width)).astype(np.float32)
        down[::7] = np.round(down[::7])  # on the pixels, and on both edges
        y, x = np.mgrid[:height, :width]
        intensities = image.astype(np.float32) / 255.0
        expected = [
            ndimage.map_coordinates(
                intensities[..., c], (y + down, x + right), order=1, mode="reflect"
            )
            for c in range(3)
        ]
        out = np.empty_like(image)
        kernels.displace(image, down, right, 0, len(out), out)
        assert np.array_equal(out, np.uint8(np.clip(np.stack(expected, 2), 0, 1) * 255))


def test_displacements_point_where_they_say():
    image = np.zeros((32, 40, 3), np.uint8)
    image[20, 30] = 255
    down, right = np.full((2, 32, 40), 0, np.float32)
    down += 5
    right -= 8
    out = np.empty_like(image)
    kernels.displace(image, down, right, 0, len(out), out)
    assert out[15, 38].tolist() == [255, 255, 255]
    assert out.any(axis=2).sum() == 1


def test_elastic_displacements_are_smooth_and_keep_their_size_in_pixels():
    spreads = []
    for height, width in ((128, 256), (256, 512)):
        image = np.zeros((height, width, 3), np.uint8)
        stream = FastStream(None, "elastic_transform", 1, 0)
        moved = resampling._displacements(image, stream, 30)
        assert moved.dtype == np.float32
        spreads.append(moved.std())
        assert np.abs(np.diff(moved, axis=1)).mean() < 0.3 * np.abs(moved).mean() * 256 / width
        assert abs(moved.mean()) < 0.2 * moved.std()
    # White noise smoothed by sigmas a, b keeps 1 / sqrt(4 pi a b) of its standard deviation;
    # here the height cancels out.
    law = 30 * 0.005 / np.sqrt(3) / np.sqrt(4 * np.pi * 0.01 * 0.02)
    assert law == pytest.approx(1.73, abs=0.01)
    assert spreads == pytest.approx([law, law], rel=0.2)


def test_pixelate_by_hand():
    image = np.zeros((32, 48, 3), np.uint8)
    image[::2, ::2] = [100, 200, 40]
    image[4:6, 6:8] = 255
    out = resampling.pixelate(image, FastStream(None, "", 1, 0), size=0.5)
    expected = np.full((32, 48, 3), [25, 50, 10])
    expected[4:6, 6:8] = 255
    assert np.array_equal(out, expected)


@pytest.mark.parametrize("name", NAMES)
def test_flat_images_stay_flat(name):
    # Interpolation weights sum only nearly to 1: a level may fall by one, but in all pixels.
    for level in (0, 77, 128, 255):
        image = np.full((64, 96, 3), level, np.uint8)
        for severity in (1, 5):
            out = corrupt(image, name, severity).astype(int)
            inside = out[:-1, :-1]
            assert inside.min() == inside.max()
            assert level - inside.max() in (0, 1)
            # At the last row and column, layers of the zoom may be missing, as in the reference.
            assert name == "zoom_blur" or out.min() == out.max()


@pytest.mark.parametrize("name", NAMES)
def test_extra_memory_is_under_eight_images(name):
    image = np.zeros((512, 1024, 3), np.uint8)
    corrupt(image[:40, :40], name, 3)  # imports and compiles
    tracemalloc.start()
    corrupt(image, name, 3, stream="reference")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    small_objects = 2**16  # of the interpreter: their number depends on its version
    assert peak < 8 * image.nbytes + small_objects


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_equal_to_the_fork_at_the_size_of_cityscapes(name):
    photo = data.astronaut()[:256]
    image = np.ascontiguousarray(np.tile(photo, (4, 4, 1)))
    image[:200, :300] = 255
    np.random.seed(3)
    expected = imagecorruptions.corrupt(image, 4, name)
    assert np.array_equal(corrupt(image, name, 4, seed=3, stream="reference"), expected)
