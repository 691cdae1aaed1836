from pathlib import Path

import numpy as np
import pytest
from PIL import Image


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
