"""Each corruption gives the same bytes as before, under both streams: its law.

tests/data/corruption/fast.json and reference.json hold the law of each corruption, and digests of
whole images of those that are computed by whole numbers or in a fixed order; fast.png and
reference.png hold rows of the others, whose libraries (OpenCV, libjpeg, exp of NumPy) may move
samples by a level from version to version and from processor to processor.

After a change on purpose bump the law of the corruption (CORRUPTIONS in registry.py), or the
version of the stream if its draws change, and run this file: it writes the files anew. It refuses
where bytes change and the law stands.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustbench_seg.corruption import CORRUPTIONS, STREAMS, corrupt

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
FIRST = 100
HEIGHT = {"fast": 8, "reference": 2}
SEVERITIES = range(1, 6)
LAWS = {entry.name: entry.law for entry in CORRUPTIONS.values()}
ROWS = [(name, severity) for name in LAWS if name in IN_ROWS for severity in SEVERITIES]


def corrupted(name: str, severity: int, stream: str) -> np.ndarray:
    image = np.array(Image.open(DATA / "input.png"))
    return corrupt(image, name, severity, seed=3, image_id="a/b.png", stream=stream)


def digest(name: str, severity: int, stream: str) -> str:
    return hashlib.sha256(corrupted(name, severity, stream).tobytes()).hexdigest()


def rows(name: str, severity: int, stream: str) -> np.ndarray:
    return corrupted(name, severity, stream)[FIRST : FIRST + HEIGHT[stream]]


def same_as_before(name: str, severity: int, stream: str, pinned: dict) -> bool:
    if name not in IN_ROWS:
        return digest(name, severity, stream) == pinned["sha256_of_raw_rgb"][f"{name}/{severity}"]
    start = ROWS.index((name, severity)) * HEIGHT[stream]
    before = np.array(Image.open(DATA / f"{stream}.png"))[start : start + HEIGHT[stream]]
    difference = np.abs(rows(name, severity, stream) - before.astype(int))
    return difference.max() <= 1 and (difference > 0).mean() <= 1e-3


def complaint(name: str, stream: str, pinned: dict, law: int) -> str | None:
    """The problem with the law of a corruption, or None."""
    if pinned["stream_version"] != STREAMS[stream].version:
        return f"the {stream} stream has another version: run {Path(__file__).name}"
    if pinned["laws"].get(name) != law:
        return f"{name} has another law: run {Path(__file__).name} to write its bytes"
    changed = [s for s in SEVERITIES if not same_as_before(name, s, stream, pinned)]
    if changed:
        return (
            f"{name} gives other bytes under the {stream} stream (severities {changed}): "
            "bump its law in CORRUPTIONS"
        )
    return None


def read(stream: str) -> dict:
    return json.loads((DATA / f"{stream}.json").read_text())


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("name", LAWS)
def test_images_are_those_of_before(name, stream):
    assert complaint(name, stream, read(stream), LAWS[name]) is None


@pytest.mark.parametrize("name", ["fog", "snow"])
def test_other_bytes_ask_for_another_law(name, monkeypatch):
    pinned = read("fast")
    monkeypatch.setitem(globals(), "corrupted", lambda *_: np.zeros((256, 512, 3), np.uint8))
    message = complaint(name, "fast", pinned, LAWS[name])
    assert message.startswith(f"{name} gives other bytes under the fast stream")
    assert message.endswith("bump its law in CORRUPTIONS")
    assert "another law: run" in complaint(name, "fast", pinned, LAWS[name] + 1)


def write(stream: str) -> None:
    file = DATA / f"{stream}.json"
    for name in LAWS if file.exists() else ():
        if message := complaint(name, stream, read(stream), LAWS[name]):
            if "bump" in message:
                raise SystemExit(message)
            print(message)
    conditions = [(name, s) for name in LAWS if name not in IN_ROWS for s in SEVERITIES]
    table = {
        "stream_version": STREAMS[stream].version,
        "laws": LAWS,
        "sha256_of_raw_rgb": {f"{n}/{s}": digest(n, s, stream) for n, s in conditions},
    }
    file.write_text(json.dumps(table, indent=1) + "\n")
    pictures = [rows(*condition, stream) for condition in ROWS]
    Image.fromarray(np.concatenate(pictures)).save(DATA / f"{stream}.png", optimize=True)


if __name__ == "__main__":
    for stream in STREAMS:
        write(stream)
