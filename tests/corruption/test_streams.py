import copy
import hashlib

import numpy as np
import pytest
from scipy import stats

from robustbench_seg.corruption import corrupt
from robustbench_seg.corruption.kernels.philox import random_bits
from robustbench_seg.corruption.noise import ImpulseNoise, ShotNoise
from robustbench_seg.corruption.random_stream import RandomStream
from robustbench_seg.corruption.streams import STREAMS, FastStream, ReferenceStream

PINNED_ANGLES = [0.4154543737435835, 0.8766298463538084]
PINNED_UNIFORM = [0.35530704259872437, 0.7836127877235413, 0.3762019872665405]
PINNED_NEIGHBOURS = [10, 5, 9, 0, 8, 12, 6, 13]
PINNED_SHOT_NOISE = "a964b10b6b2da5b80ff3c7a97261d257a290c1483da2d89aa45f977ec64766b6"
CENTRE = slice(3, 13), slice(5, 25)


def test_the_fast_stream_is_pinned():
    # Other numbers for the same key would silently change every published result: raise
    # FAST_STREAM_VERSION with them.
    rng = FastStream("a/b.png", "fog", 3, 7)
    assert [rng.angle(0, 1), rng.angle(0, 1)] == PINNED_ANGLES
    assert rng.uniform(0, 1, (1, 3)).tolist() == [PINNED_UNIFORM]
    assert rng.neighbours(2, 8).tolist() == PINNED_NEIGHBOURS
    gray = np.full((64, 64, 3), 100, np.uint8)
    digest = hashlib.sha256(corrupt(gray, "shot_noise", 3, image_id="a/b.png").tobytes())
    assert digest.hexdigest() == PINNED_SHOT_NOISE


def test_the_reference_stream_is_the_global_generator_of_numpy():
    rng = ReferenceStream(None, "fog", 3, 7)
    np.random.seed(7)
    assert np.array_equal(rng.normal(1, 2, (5, 4)), np.random.normal(1, 2, (5, 4)))
    assert rng.angle(-3, 4) == np.random.uniform(-3, 4)
    assert np.array_equal(rng.uniform(-3, 4, (2, 3)), np.random.uniform(-3, 4, (2, 3)))
    assert [rng.integer(5) for _ in range(9)] == [np.random.randint(5) for _ in range(9)]
    down, right = np.divmod(rng.neighbours(2, 50), 4)
    one_by_one = [np.random.randint(-2, 2, size=(2,)).tolist() for _ in range(50)]
    assert np.stack([right - 2, down - 2], axis=1).tolist() == one_by_one
    image = np.full((32, 32, 3), 100, np.uint8)
    noisy = np.random.poisson(image / 255.0 * 60) / 60
    assert np.array_equal(
        rng.levels(image, ShotNoise(60)), (np.clip(noisy, 0, 1) * 255).astype("u1")
    )
    hit = np.random.default_rng(7).random(image.shape) <= 0.1
    assert np.array_equal(rng.levels(image, ImpulseNoise(0.1)) != image, hit)


@pytest.mark.parametrize("stream", STREAMS.values())
def test_both_streams_implement_the_whole_interface(stream):
    methods = {n for n, m in vars(RandomStream).items() if callable(m) and not n.startswith("_")}
    assert methods == {"normal", "angle", "uniform", "integer", "neighbours", "levels"}
    own = {name for name, member in vars(stream).items() if not name.startswith("_")}
    assert own == methods | {"version", "real"}
    rng = stream("a", "fog", 1, 0)
    assert rng.normal(0, 1, (2, 3)).dtype == rng.uniform(0, 1, (2, 3)).dtype == stream.real


def test_an_image_id_seeds_the_reference_stream_by_its_digest():
    seed = int(hashlib.sha256(b"a/b.png|fog|3|7").hexdigest()[:8], 16)
    with_id = ReferenceStream("a/b.png", "fog", 3, 7).uniform(0, 1, (2, 5))
    assert np.array_equal(with_id, np.random.RandomState(seed).uniform(0, 1, (2, 5)))


def test_a_window_is_a_cut_of_the_whole():
    whole = ReferenceStream(None, "snow", 1, 0).normal(0, 1, (20, 30))
    window = ReferenceStream(None, "snow", 1, 0).normal(0, 1, (20, 30), CENTRE)
    assert np.array_equal(window, whole[CENTRE])
    assert FastStream(None, "snow", 1, 0).normal(0, 1, (20, 30), CENTRE).shape == (10, 20)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (255, 257), (700, 800)])
def test_normal_numbers_are_those_of_numpy(shape):
    ours = FastStream("a", "snow", 1, shape[0])
    numpys = copy.deepcopy(ours._generator)
    for _ in range(3):
        assert np.array_equal(ours.normal(0, 1, shape), numpys.standard_normal(shape, np.float32))
        assert ours.integer(7) == numpys.integers(7), "both kept the same half of a word"
        assert ours.angle(0, 1) == numpys.uniform(0, 1)


def test_normal_numbers_of_the_tail():
    ours = FastStream("a", "snow", 1, 0)
    numpys = copy.deepcopy(ours._generator)
    numbers = ours.normal(0, 1, (2000, 1000))
    assert np.array_equal(numbers, numpys.standard_normal((2000, 1000), np.float32))
    assert (np.abs(numbers) > 3.6542).sum() > 300, "beyond the last layer of the ziggurat"


def test_moments_and_ranges_of_the_fast_stream():
    rng = FastStream(None, "fog", 1, 0)
    normal = rng.normal(0.5, 0.3, (400, 500))
    assert abs(normal.mean() - 0.5) < 4 * 0.3 / np.sqrt(normal.size)
    assert abs(normal.std() - 0.3) < 4 * 0.3 / np.sqrt(2 * normal.size)
    for uniform in (rng.uniform(-45, 45, (400, 501)), np.array([rng.angle(-45, 45)] * 2)):
        assert uniform.min() >= -45
        assert uniform.max() < 45
    uniform = rng.uniform(-45, 45, (400, 501)).reshape(-1)
    assert stats.kstest(uniform, "uniform", (-45, 90)).pvalue > 1e-3
    assert abs(np.corrcoef(uniform[1:], uniform[:-1])[0, 1]) < 4 / np.sqrt(uniform.size)
    integers = [rng.integer(5) for _ in range(20_000)]
    assert stats.chisquare(np.bincount(integers)).pvalue > 1e-3


@pytest.mark.parametrize("distance", [1, 2, 3, 4, 8, 9, 12])
def test_neighbours_are_equally_likely(distance):
    rng = FastStream(None, "glass_blur", 1, 0)
    drawn = rng.neighbours(distance, 400_001)
    counts = np.bincount(drawn)
    assert len(counts) == (2 * distance) ** 2
    assert stats.chisquare(counts).pvalue > 1e-3
    if distance > 4:  # too many pairs for so few draws
        return
    pairs = np.bincount(drawn[1:].astype(int) * len(counts) + drawn[:-1])
    assert stats.chisquare(pairs).pvalue > 1e-3


def test_philox_gives_its_published_numbers():
    # Known answers of Random123, the authors' own implementation: counter, key -> four words.
    ones = 0xFFFFFFFF
    cases = [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((ones,) * 4, (ones,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ]
    for counter, key, expected in cases:
        words = np.zeros(4, np.uint32)
        first = counter[0] | counter[1] << 32
        first -= 2**64 if first >= 2**63 else 0
        random_bits(np.array([*key, *counter[2:]], np.uint32), first, words)
        assert tuple(words) == expected


def test_draws_do_not_depend_on_how_many_are_asked_for_at_once():
    whole = FastStream("a", "fog", 1, 0).uniform(0, 1, (70, 100))
    rng = FastStream("a", "fog", 1, 0)
    parts = [rng.uniform(0, 1, (rows, 100)) for rows in (1, 60, 9)]
    assert np.array_equal(np.concatenate(parts), whole)
