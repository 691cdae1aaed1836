"""Label maps with regions, for measures of where pixels lie."""

import numpy as np


def scene(size, seed, classes=4):
    """uint8 HxW: rectangles of all classes and of void over each other, and single pixels."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(size, np.uint8)
    for number in range(24):
        y, x = rng.integers(0, size[0]), rng.integers(0, size[1])
        height, width = rng.integers(2, size[0] // 2), rng.integers(2, size[1] // 2)
        value = 255 if number % 6 == 5 else rng.integers(0, classes)
        labels[y : y + height, x : x + width] = value
    for _ in range(5):
        labels[rng.integers(0, size[0]), rng.integers(0, size[1])] = rng.integers(0, classes)
    return labels
