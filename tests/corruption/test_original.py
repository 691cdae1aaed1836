"""Against outputs of imagecorruptions 1.1.2 as it came from PyPI (scikit-image 0.19, NumPy 1.26).

tests/data/corruption/original.json holds digests of whole images where nothing but NumPy's frozen
random streams and plain arithmetic is involved. rows.png holds eight rows of every other image:
newer versions of OpenCV, and exp() on other processors, may move single samples by one level.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustbench_seg.corruption import corrupt
from robustbench_seg.records.cards.protocol import load_protocol

DATA = Path(__file__).parents[1] / "data" / "corruption"
ORIGINAL = json.loads((DATA / "original.json").read_text())
DIGESTS = ORIGINAL["sha256_of_raw_rgb"]
ROWS = ORIGINAL["rows"]


def corrupted(condition: str) -> np.ndarray:
    name, severity = condition.split("/")
    image = np.array(Image.open(DATA / "input.png"))
    return corrupt(image, name, int(severity), seed=0, stream="reference")


def test_every_condition_has_an_original():
    conditions = {f"{c.name}/{c.severity}" for c in load_protocol().conditions()}
    assert conditions == set(DIGESTS) | set(ROWS["images"])


@pytest.mark.parametrize("condition", sorted(DIGESTS))
def test_whole_image_is_the_original(condition):
    assert hashlib.sha256(corrupted(condition).tobytes()).hexdigest() == DIGESTS[condition]


@pytest.mark.parametrize("condition", ROWS["images"])
def test_rows_are_those_of_the_original(condition):
    height, first = ROWS["height"], ROWS["first"]
    start = ROWS["images"].index(condition) * height
    original = np.array(Image.open(DATA / "rows.png"))[start : start + height].astype(int)
    difference = np.abs(corrupted(condition)[first : first + height] - original)
    assert difference.max() <= 1
    assert (difference > 0).mean() <= 5e-4
