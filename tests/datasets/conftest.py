from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PLAIN = """
name = "quarry"
images = "photos/{split}/*.jpg"
labels = "masks/{split}/*_mask.png"
classes = ["ground", "rock", "machine"]
"""


@pytest.fixture
def describe(tmp_path):
    def write(text: str = PLAIN) -> str:
        path = tmp_path / "quarry.toml"
        path.write_text(text)
        return str(path)

    return write


def fill(put, ids, split="val", name="7", folder=""):
    ids = np.array([ids], np.uint16 if max(ids) > 255 else np.uint8)
    put(f"{folder}photos/{split}/{name}.jpg", np.zeros((*ids.shape, 3), np.uint8))
    put(f"{folder}masks/{split}/{name}_mask.png", ids)


@pytest.fixture
def put(tmp_path):
    """Write pixels (an array, or one id for a whole 4x6 label) to a path relative to tmp_path."""

    def write(relative: str, pixels=None, **options) -> Path:
        path = tmp_path / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        if pixels is None:
            seed = sum(relative.encode())
            pixels = np.random.default_rng(seed).integers(0, 256, (4, 6, 3), np.uint8)
        if np.isscalar(pixels):
            pixels = np.full((4, 6), pixels, np.uint8)
        image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(np.asarray(pixels))
        image.save(path, **options)
        return path

    return write
