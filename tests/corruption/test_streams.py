import hashlib

import numpy as np

from robustbench_seg.corruption import corrupt
from robustbench_seg.corruption.streams import FastStream, ReferenceStream

PINNED_UNIFORM = [0.8020378630212622, 0.11925736196697034, 0.19129087628245744]
PINNED_SHOT_NOISE = "6fd931451b8334b6a6612ceec1a055436eade504171ffc097389818e55b174a4"
CENTRE = slice(3, 13), slice(5, 25)


def test_the_fast_stream_is_pinned():
    # Other numbers for the same key would silently change every published result: raise
    # FAST_STREAM_VERSION with them.
    rng = FastStream("a/b.png", "fog", 3, 7)
    assert rng.uniform(0, 1, 3).tolist() == PINNED_UNIFORM
    gray = np.full((64, 64, 3), 100, np.uint8)
    digest = hashlib.sha256(corrupt(gray, "shot_noise", 3, image_id="a/b.png").tobytes())
    assert digest.hexdigest() == PINNED_SHOT_NOISE


def test_the_reference_stream_is_the_global_generator_of_numpy():
    rng = ReferenceStream(None, "fog", 3, 7)
    np.random.seed(7)
    assert np.array_equal(rng.normal(1, 2, (5, 4)), np.random.normal(1, 2, (5, 4)))
    assert np.array_equal(rng.uniform(-3, 4, 6), np.random.uniform(-3, 4, 6))
    assert np.array_equal(rng.poisson(np.full(9, 20.0)), np.random.poisson(np.full(9, 20.0)))
    bulk = rng.integers(-2, 2, (50, 2))
    assert bulk.tolist() == [np.random.randint(-2, 2, size=(2,)).tolist() for _ in range(50)]
    assert np.array_equal(rng.random((4, 2)), np.random.default_rng(7).random((4, 2)))


def test_an_image_id_seeds_the_reference_stream_by_its_digest():
    seed = int(hashlib.sha256(b"a/b.png|fog|3|7").hexdigest()[:8], 16)
    with_id = ReferenceStream("a/b.png", "fog", 3, 7).uniform(0, 1, 5)
    assert np.array_equal(with_id, np.random.RandomState(seed).uniform(0, 1, 5))


def test_a_window_is_a_cut_of_the_whole():
    whole = ReferenceStream(None, "snow", 1, 0).normal(0, 1, (20, 30))
    window = ReferenceStream(None, "snow", 1, 0).normal(0, 1, (20, 30), CENTRE)
    assert np.array_equal(window, whole[CENTRE])
    assert FastStream(None, "snow", 1, 0).normal(0, 1, (20, 30), CENTRE).shape == (10, 20)


def test_moments_and_ranges_of_the_fast_stream():
    rng = FastStream(None, "fog", 1, 0)
    normal = rng.normal(0.5, 0.3, (400, 500))
    assert abs(normal.mean() - 0.5) < 4 * 0.3 / np.sqrt(normal.size)
    assert abs(normal.std() - 0.3) < 4 * 0.3 / np.sqrt(2 * normal.size)
    uniform = rng.uniform(-45, 45, 200_000)
    assert uniform.min() >= -45
    assert uniform.max() < 45
    assert abs(uniform.mean()) < 4 * 90 / np.sqrt(12 * uniform.size)
    for low, high in ((-4, 4), (0, 5), (0, 1000)):
        counts = np.bincount(np.asarray(rng.integers(low, high, 200_000), np.int64) - low)
        expected = 200_000 / (high - low)
        assert len(counts) == high - low
        assert ((counts - expected) ** 2 / expected).sum() < (high - low) * 2 + 20
