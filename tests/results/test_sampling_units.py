import pytest

from robustbench_seg.errors import ResultsError
from robustbench_seg.results.statistics.sampling_units import unit_name, unit_of_image


def test_images_that_stand_alone_are_units():
    assert unit_of_image(["b.png", "a.png", "c.png"], 1).tolist() == [0, 1, 2]
    assert unit_name(1) == "images"


def test_clips_are_consecutive_and_about_even():
    numbers = unit_of_image([f"val/0016E5_{i:05d}.png" for i in range(7959, 8161, 2)], 10)
    assert len(numbers) == 101
    assert (sorted(numbers) == numbers).all()
    sizes = [int((numbers == n).sum()) for n in range(10)]
    assert sorted(set(sizes)) == [10, 11]
    assert sum(sizes) == 101


def test_order_is_that_of_the_frames_and_not_of_the_names():
    assert unit_of_image(["f9.png", "f10.png", "f11.png", "f12.png"], 2).tolist() == [0, 0, 1, 1]
    assert unit_of_image(["f12.png", "f9.png", "f11.png", "f10.png"], 2).tolist() == [1, 0, 1, 0]


def test_no_clip_holds_frames_of_two_videos():
    names = [f"{video}/{i}.png" for video in ("a", "b") for i in range(6)]
    assert unit_of_image(names, 4).tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3
    assert unit_of_image(["a_1.png", "a_2.png", "b_1.png", "b_2.png"], 10).tolist() == [0, 0, 1, 1]


def test_what_follows_the_number_tells_no_videos_apart():
    names = [f"fog/GOPR0475_frame_{i:06d}_rgb_anon.png" for i in range(40)]
    assert unit_of_image(names, 10).tolist() == [i // 10 for i in range(40)]
    names = [f"ulm/ulm_{i // 20:06d}_{i % 20:06d}_leftImg8bit.png" for i in range(40)]
    assert unit_of_image(names, 10).tolist() == [i // 10 for i in range(40)]
    assert unit_of_image(["a1/l.png", "a1/r.png", "a2/l.png"], 1).tolist() == [0, 1, 2]
    assert unit_of_image(
        ["7_left.png", "8_left.png", "7_right.png", "8_right.png"], 2
    ).tolist() == [
        0,
        0,
        1,
        1,
    ]


def test_clips_of_frames_without_numbers_cannot_be_told():
    assert unit_of_image(["dusk.png", "dawn.png"], 1).tolist() == [0, 1]
    with pytest.raises(ResultsError, match=r"dusk\.png: no frame number in its name.*set clip = 1"):
        unit_of_image(["dusk.png", "dawn.png"], 10)
