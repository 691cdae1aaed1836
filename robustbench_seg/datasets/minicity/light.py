"""Light on a painted scene: sky, texture, shadow, haze, exposure and the sensor's noise."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets.minicity.canvas import ID, Painting
from robustbench_seg.datasets.minicity.colours import Rng

HAZE_METRES = 140.0
_GROUND = tuple(ID[name] for name in ("road", "sidewalk", "terrain"))
_HALF = np.float32(0.5)
SKIES = np.array(
    # at the top, at the horizon
    [
        [[84, 136, 208], [190, 212, 232]],
        [[150, 170, 190], [205, 210, 214]],
        [[196, 200, 204], [222, 222, 220]],
        [[96, 104, 132], [226, 178, 140]],
        [[118, 122, 128], [150, 152, 156]],
    ],
    np.float32,
)


def develop(painting: Painting, rng: Rng) -> NDArray[np.uint8]:
    """Compute the picture of a painted scene.

    Args:
        painting: The scene.
        rng: Generator of the random numbers.

    Returns:
        uint8 HxWx3 RGB.
    """
    ids, surfaces = painting.ids, painting.surfaces
    height, width = ids.shape
    top, bottom = SKIES[rng.integers(len(SKIES))] * _scalar(rng, 0.85, 1.1)
    coarse = (noise(rng, height, width, 0.11) + noise(rng, height, width, 0.045)) / 2
    fine = (noise(rng, height, width, 0.02) + noise(rng, height, width, 0.006)) / 2

    colours = np.array([surface.colour for surface in surfaces], np.float64)
    distances = np.array([surface.distance for surface in surfaces])
    grain = np.array([surface.grain for surface in surfaces])
    labels = [surface.label for surface in surfaces]
    mist = (1 - np.exp(-distances / HAZE_METRES)) * rng.uniform(0.5, 1.0)
    # Haze is applied per id and texture per pixel, which is cheap in both cases.
    colours = colours * (1 - mist)[:, None] + bottom * mist[:, None]
    grain = grain * (1 - mist)
    texture = (fine - _HALF) * np.float32(0.7) + (coarse - _HALF) * np.float32(0.6)
    bright = 1 + np.take(grain.astype(np.float32), ids) * texture
    ground = np.take(np.isin(labels, _GROUND), ids)
    np.multiply(bright, _scalar(rng, 0.5, 0.75), out=bright, where=(painting.shade > 0) & ground)
    picture = np.take(colours.astype(np.float32), ids, axis=0)
    picture *= bright[..., None]
    _paint_sky(picture, ids == 0, top, bottom, painting.horizon, coarse - _scalar(rng, 0.35, 0.8))

    exposure = rng.uniform(0.65, 1.15, 1).astype(np.float32)
    picture *= exposure * rng.uniform(0.93, 1.07, 3).astype(np.float32)
    # The sensor adds independent noise to each colour, and noise that all three share.
    picture += rng.integers(-5, 6, picture.shape, np.int8) + rng.integers(
        -5, 6, (height, width, 1), np.int8
    )
    np.rint(picture, out=picture)
    return picture.clip(0, 255, out=picture).astype(np.uint8)


def _paint_sky(
    picture: NDArray[np.float32],
    mask: NDArray[np.bool_],
    top: NDArray[np.float32],
    bottom: NDArray[np.float32],
    horizon: float,
    clouds: NDArray[np.floating[Any]],
) -> None:
    """Paint the sky inside the mask: a gradient from top to bottom, with clouds."""
    last = int(np.flatnonzero(mask.any(axis=1)).max(initial=-1)) + 1
    rows = np.clip(np.arange(last, dtype=np.float32) / np.float32(max(horizon, 1)), 0, 1)
    sky = (top + (bottom - top) * rows[:, None])[:, None, :]
    cloud = np.clip(clouds[:last] * 3, 0, 1)[..., None]
    sky = sky + (np.minimum(sky * np.float32(1.25), 240) - sky) * cloud
    np.copyto(picture[:last], sky, where=mask[:last, :, None])


def _scalar(rng: Rng, low: float, high: float) -> np.float32:
    return np.float32(rng.uniform(low, high))


def noise(rng: Rng, height: int, width: int, cell: float) -> NDArray[np.float32]:
    """Draw smooth noise, bilinear between the corners of square cells.

    Args:
        rng: Generator of the random numbers.
        height: Height, in pixels.
        width: Width, in pixels.
        cell: Side of a cell, as a share of the picture's width.

    Returns:
        float32 HxW in 0..1.
    """
    step = max(cell * width, 1.0)
    grid = rng.random((int(height / step) + 2, int(width / step) + 2), np.float32)
    y, x = np.arange(height) / step, np.arange(width) / step
    top, left = y.astype(np.intp), x.astype(np.intp)
    fy = (y - top)[:, None].astype(np.float32)
    fx = (x - left)[None, :].astype(np.float32)
    across = np.take(grid, left, axis=1) * (1 - fx) + np.take(grid, left + 1, axis=1) * fx
    blended: NDArray[np.float32] = np.take(across, top, axis=0) * (1 - fy)
    blended += np.take(across, top + 1, axis=0) * fy
    return blended
