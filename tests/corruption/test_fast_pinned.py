"""The fast stream gives the images that it gave before: tests/data/corruption/fast.json.

Other images for the same key would silently change every published result. Digests of whole images
stand for what is computed by whole numbers or in a fixed order; fast.png holds eight rows of the
others, whose libraries (OpenCV, libjpeg, exp of NumPy) may move samples by a level from version to
version and from processor to processor.

After a change on purpose raise FAST_STREAM_VERSION, and write the files anew by running this file.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustbench_seg.corruption import CORRUPTIONS, corrupt
from robustbench_seg.corruption.streams import FAST_STREAM_VERSION

DATA = Path(__file__).parents[1] / "data" / "corruption"
IN_ROWS = (
    "motion_blur",
    "defocus_blur",
    "jpeg_compression",
    "snow",
    "spatter",
    "frost",
    "elastic_transform",
)
HEIGHT, FIRST = 8, 100
CONDITIONS = [(entry.name, severity) for entry in CORRUPTIONS for severity in range(1, 6)]
ROWS = [condition for condition in CONDITIONS if condition[0] in IN_ROWS]


def corrupted(name: str, severity: int) -> np.ndarray:
    image = np.array(Image.open(DATA / "input.png"))
    return corrupt(image, name, severity, seed=3, image_id="a/b.png")


@pytest.mark.parametrize(("name", "severity"), CONDITIONS)
def test_images_are_those_of_before(name, severity):
    pinned = json.loads((DATA / "fast.json").read_text())
    assert pinned["version"] == FAST_STREAM_VERSION
    image = corrupted(name, severity)
    if name not in IN_ROWS:
        digest = hashlib.sha256(image.tobytes()).hexdigest()
        assert digest == pinned["sha256_of_raw_rgb"][f"{name}/{severity}"]
        return
    start = ROWS.index((name, severity)) * HEIGHT
    before = np.array(Image.open(DATA / "fast.png"))[start : start + HEIGHT].astype(int)
    difference = np.abs(image[FIRST : FIRST + HEIGHT] - before)
    assert difference.max() <= 1
    assert (difference > 0).mean() <= 1e-3


def write() -> None:
    digests = {
        f"{name}/{severity}": hashlib.sha256(corrupted(name, severity).tobytes()).hexdigest()
        for name, severity in CONDITIONS
        if name not in IN_ROWS
    }
    table = {"version": FAST_STREAM_VERSION, "sha256_of_raw_rgb": digests}
    (DATA / "fast.json").write_text(json.dumps(table, indent=1) + "\n")
    rows = [corrupted(*condition)[FIRST : FIRST + HEIGHT] for condition in ROWS]
    Image.fromarray(np.concatenate(rows)).save(DATA / "fast.png", optimize=True)


if __name__ == "__main__":
    write()
