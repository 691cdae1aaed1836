import numpy as np
import pandas as pd
import pytest

from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.results import hardest_images

PROTOCOL = load_protocol()


def results(score, images=("a", "b", "c"), conditions=None) -> pd.DataFrame:
    """Rows whose matrices have this IoU in both of two classes: hits h, misses m each way,
    h / (h + 2 m)."""
    rows = []
    for condition in conditions or (CLEAN, *PROTOCOL.conditions()):
        for image in images:
            percent = score(image, condition)
            matrix = np.array([[2 * percent, 100 - percent], [100 - percent, 2 * percent]])
            rows.append([image, condition.name, condition.severity, matrix, len(images)])
    return pd.DataFrame(rows, columns=["image", "corruption", "severity", "matrix", "images"])


def harder(image: str, condition: Condition) -> int:
    """b is the hardest, then c; each severity costs 5 points, noise 10, fog at 1 alone 30."""
    start = {"a": 90, "b": 50, "c": 70}[image]
    if condition == Condition("fog", 1):
        return start - 30
    return start - condition.severity * (10 if condition.name.endswith("noise") else 5)


def test_the_images_with_the_lowest_mean_come_first():
    found = hardest_images(results(harder), PROTOCOL)
    assert [one.image for one in found] == ["b", "c", "a"]
    assert found[0].clean == pytest.approx(50)
    # Noise scores severities 1-3: 50 - 20; the others 50 - 15; fog (20 + 40 + 35 + 30 + 25) / 5.
    assert found[0].mean == pytest.approx((4 * 30 + 11 * 35 + 30) / 16)
    assert found[0].worst == Condition("fog", 1)
    assert found[0].miou == pytest.approx(20)


def test_at_most_ten_images_are_named():
    images = [f"{number:02d}" for number in range(12)]

    def by_number(image: str, condition: Condition) -> int:
        return 10 + 5 * int(image)

    found = hardest_images(results(by_number, images), PROTOCOL)
    assert [one.image for one in found] == images[:10]


def test_what_does_not_score_counts_for_nothing():
    def broken_at_five(image: str, condition: Condition) -> int:
        if condition.severity == 5 and condition.name.endswith("noise"):
            return 0 if image == "a" else 90
        return harder(image, condition)

    rows = results(broken_at_five)
    assert hardest_images(rows, PROTOCOL) == hardest_images(results(harder), PROTOCOL)


def test_none_is_named_before_all_scores_are_there():
    rows = results(harder)
    fog = (rows["corruption"] == "fog") & (rows["severity"] == 2) & (rows["image"] == "c")
    rows.loc[fog, "matrix"] = None
    assert hardest_images(rows, PROTOCOL) == []
    unscored = (rows["corruption"] == "shot_noise") & (rows["severity"] == 5)
    assert len(hardest_images(results(harder)[~unscored], PROTOCOL)) == 3


def test_an_image_without_a_scored_pixel_is_not_among_them():
    rows = results(harder)
    blank = rows["image"] == "b"
    matrices = zip(rows["matrix"], blank, strict=True)
    rows["matrix"] = [np.zeros((2, 2), int) if empty else matrix for matrix, empty in matrices]
    assert [one.image for one in hardest_images(rows, PROTOCOL)] == ["c", "a"]
