"""Threads of a call: they share the rows, and change no byte."""

import threading

import numpy as np
import pytest

from robustbench_seg.corruption import CORRUPTIONS, FastStream, corrupt
from robustbench_seg.corruption.threads import by_rows, several_threads
from robustbench_seg.errors import OptionError

SEVERITIES = (1, 2, 3, 4, 5)


@pytest.fixture(scope="module")
def image():
    """Odd sides, so that bands are of unequal size; smooth on the left, noise on the right."""
    rng = np.random.default_rng(8)
    smooth = np.indices((259, 263)).sum(0)[..., None] // np.array([2, 3, 4])
    noise = rng.integers(0, 256, smooth.shape)
    return np.where(np.arange(263)[:, None] < 140, smooth, noise).astype(np.uint8)


@pytest.mark.parametrize("stream", ["fast", "reference"])
@pytest.mark.parametrize("name", CORRUPTIONS)
def test_threads_change_no_byte(image, name, stream):
    for severity in SEVERITIES:
        alone = corrupt(image, name, severity, stream=stream, threads=1)
        for threads in (2, 3):
            together = corrupt(image, name, severity, stream=stream, threads=threads)
            assert np.array_equal(together, alone), (severity, threads)


def test_threads_are_one_by_default(image, monkeypatch):
    monkeypatch.setattr(threading.Thread, "start", lambda thread: pytest.fail("a thread starts"))
    corrupt(image, "fog", 3)


@pytest.mark.parametrize("threads", [0, -1, 1025, 2.0, True, None, "2"])
def test_threads_are_a_count(image, threads):
    with pytest.raises(OptionError, match=r"^threads .* is not an integer of 1 to 1024$"):
        corrupt(image, "fog", 3, threads=threads)


def test_numbers_of_a_stream_are_the_same_on_several_threads():
    def draws(threads: int) -> list[np.ndarray]:
        stream = FastStream("a", "fog", 1, 0)
        with several_threads(threads):
            return [
                stream.uniform(-1, 1, (511, 777)),
                stream.neighbours(1, 400_001),
                stream.neighbours(9, 333_333),
                stream.uniform(-1, 1, (3, 3)),
            ]

    for alone, together in zip(draws(1), draws(3), strict=True):
        assert np.array_equal(alone, together)


def test_each_row_is_processed_once_on_as_many_threads_as_asked():
    times, names = np.zeros(101, int), set()
    meeting = threading.Barrier(3, timeout=60)  # passed only if three threads run at once

    def process(rows: slice) -> None:
        meeting.wait()
        times[rows] += 1
        names.add(threading.get_ident())

    with several_threads(3):
        by_rows(process, 101)
    assert times.tolist() == [1] * 101
    assert len(names) == 3
    assert threading.get_ident() not in names


def test_few_rows_are_left_to_one_thread():
    seen = []
    with several_threads(3):
        by_rows(lambda rows: seen.append((rows, threading.get_ident())), 40)
    by_rows(lambda rows: seen.append((rows, threading.get_ident())), 400)
    here = threading.get_ident()
    assert seen == [(slice(0, 40), here), (slice(0, 400), here)]


def test_an_error_in_a_band_is_that_of_the_call():
    def process(rows: slice) -> None:
        if rows.start > 0:
            raise ValueError(rows.start)

    with several_threads(2), pytest.raises(ValueError, match=r"^50$"):
        by_rows(process, 100)
