"""Snow, spatter, fog and frost.

Images are uint8 H x W x 3 RGB, intensities below are in 0..1, lengths are in pixels. Source:
Hendrycks & Dietterich, arXiv 1903.12261, as in the imagecorruptions package.
"""

import math
from collections.abc import Callable
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from robustbench_seg.corruption import blur_weights
from robustbench_seg.corruption.image_arrays import Floats, Image, bands
from robustbench_seg.corruption.random_stream import RandomStream
from robustbench_seg.corruption.threads import by_rows, thread_count
from robustbench_seg.errors import CorruptionError

WATER = np.array([175, 238, 238], np.float32) / np.float32(255)
MUD = np.array([63, 42, 20]) / 255.0
FROST_TEXTURES = ("frost1.png", "frost2.png", "frost3.png", "frost4.jpg", "frost5.jpg")


def snow(
    image: Image,
    rng: RandomStream,
    *,
    mean: float,
    scale: float,
    zoom: float,
    threshold: float,
    radius: float,
    sigma: float,
    keep: float,
) -> Image:
    """Whiten the image and add snowflakes: enlarged noise above `threshold`, blurred as it falls.

    As in imagecorruptions, flakes are added a second time, turned by 180 degrees; their motion blur
    is one-sided; the image is float32, the flakes are float64.

    Args:
        image: uint8 H x W x 3 RGB; it is not changed.
        rng: Stream of random numbers.
        mean: Mean of the noise.
        scale: Standard deviation of the noise.
        zoom: Factor by which the noise is enlarged.
        threshold: Noise below it becomes 0.
        radius: As for motion_blur.
        sigma: As for motion_blur.
        keep: Share of the image that is kept, 0..1; the rest is its whitened version.

    Returns:
        A new image, uint8 H x W x 3 RGB.
    """
    from robustbench_seg.corruption import kernels

    height, width, _ = image.shape
    flakes = _enlarged_centre(height, width, zoom, mean, scale, threshold, rng)
    angle = rng.angle(-135, -45)
    fallen = np.empty(flakes.shape, np.uint8)
    streaks = blur_weights.line(int(radius), sigma, angle, flakes.shape)
    by_rows(
        lambda rows: kernels.shifted_plane(flakes, *streaks, rows.start, rows.stop, fallen),
        len(flakes),
    )
    fallen = fallen[:height]  # all columns, because the compiled loop is the same for every width
    out = np.empty_like(image)

    def whiten(rows: slice) -> None:
        for band in bands(rows.stop, rows.start):
            intensities = _singles(image[band])
            gray = np.asarray(cv2.cvtColor(intensities, cv2.COLOR_RGB2GRAY), np.float32)
            turned = fallen[height - band.stop : height - band.start]
            kernels.add_snow(intensities, gray, fallen[band], turned, keep, out[band])

    by_rows(whiten, height)
    return out


def _enlarged_centre(
    height: int,
    width: int,
    zoom: float,
    mean: float,
    scale: float,
    threshold: float,
    rng: RandomStream,
) -> Floats:
    """Noise above `threshold`; after `zoom`, its centre covers about height x width."""
    from robustbench_seg.corruption import kernels

    rows, columns = math.ceil(height / zoom), math.ceil(width / zoom)
    top, left = (height - rows) // 2, (width - columns) // 2
    window = slice(top, top + rows), slice(left, left + columns)
    noise = rng.normal(mean, scale, (height, width), window)
    enlarged = np.empty((round(rows * zoom), round(columns * zoom)))
    by_rows(
        lambda rows: kernels.enlarge(noise, threshold, rows.start, rows.stop, enlarged),
        len(enlarged),
    )
    return enlarged


def _singles(image: Image) -> NDArray[np.float32]:
    return image.astype(np.float32) / np.float32(255)


def spatter(
    image: Image,
    rng: RandomStream,
    *,
    mean: float,
    scale: float,
    sigma: float,
    threshold: float,
    water: float = 0,
    mud: float = 0,
) -> Image:
    """Drops on the lens: smoothed noise above `threshold`, as water or as mud.

    Give either `water`, the strength of pale blue drops with light and dark edges, or `mud`, the
    sigma that rounds off brown spots. Pixels without noise above the threshold do not change.

    Args:
        image: uint8 H x W x 3 RGB; it is not changed.
        rng: Stream of random numbers.
        mean: Mean of the noise.
        scale: Standard deviation of the noise.
        sigma: Sigma of the Gaussian that smooths the noise, in pixels.
        threshold: Drops are where the smoothed noise is above it.
        water: Strength of the strongest drop: at 1 it adds the whole colour of water. 0: none.
        mud: Sigma of the Gaussian that rounds off the spots, in pixels. 0: water instead.

    Returns:
        A new image, uint8 H x W x 3 RGB.
    """
    from robustbench_seg.corruption import kernels

    height, width, _ = image.shape
    liquid = blur_weights.gaussian(rng.normal(mean, scale, (height, width)), sigma)
    if mud:
        # The image is float32 in imagecorruptions, and its filter keeps this type.
        spots = liquid > threshold
        del liquid
        cover = blur_weights.gaussian(spots.astype(np.float64), mud, single=True)
        out = np.empty_like(image)
        by_rows(lambda rows: kernels.add_mud(image[rows], cover[rows], MUD, out[rows]), height)
        return out
    drops = _drops(liquid, threshold)
    del liquid
    strength = _edges(drops)
    strength *= drops
    if strength.any():
        strength /= strength.max()
        strength *= np.float32(water)
    out = np.empty_like(image)
    by_rows(lambda rows: kernels.add_water(image[rows], strength[rows], WATER, out[rows]), height)
    return out


def _drops(liquid: NDArray[np.floating], threshold: float) -> Image:
    """Levels of an H x W plane of intensities; 0 below `threshold`."""
    from robustbench_seg.corruption import kernels

    drops = np.empty(liquid.shape, np.uint8)
    by_rows(lambda rows: kernels.drops_above(liquid[rows], threshold, drops[rows]), len(liquid))
    return drops


def _edges(drops: Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Relief of the drops' outlines, float32 H x W: light on one side, dark on the other."""
    distance = cv2.distanceTransform(255 - cv2.Canny(drops, 50, 150), cv2.DIST_L2, 5)
    np.minimum(distance, np.float32(20), out=distance)
    near = cv2.blur(distance, (3, 3)).astype(np.uint8)
    emboss = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])
    relief = cv2.filter2D(cv2.equalizeHist(near), cv2.CV_8U, emboss)
    return np.asarray(cv2.blur(relief, (3, 3)), np.float32)


def fog(image: Image, rng: RandomStream, *, density: float, decay: float) -> Image:
    """Add a cloud of strength `density` and scale back to the brightest sample of the image.

    The cloud is a square whose sides are the next power of two. It is scaled to 0..1 as a whole,
    and the image gets its top left part, so a wide image may get only thick or thin parts.

    Args:
        image: uint8 H x W x 3 RGB; it is not changed.
        rng: Stream of random numbers.
        density: Intensity that the densest part of the cloud adds.
        decay: Factor by which the noise shrinks from one level to the next finer one.

    Returns:
        A new image, uint8 H x W x 3 RGB.
    """
    from robustbench_seg.corruption import kernels

    heights = _plasma(1 << (max(image.shape) - 1).bit_length(), decay, rng)
    out = np.empty_like(image)
    low = heights.min()
    span = heights.max() - low
    brightest = image.max() / 255.0

    def add(rows: slice) -> None:
        kernels.add_fog(image[rows], heights[rows], low, span, density, brightest, out[rows])

    by_rows(add, len(image))
    return out


def _plasma(side: int, decay: float, rng: RandomStream) -> NDArray[np.floating]:
    """Diamond-square noise on a torus, side x side (a power of two), in the stream's precision.

    Uniform noise of +-wobble is multiplied by wobble again, so it falls by decay^2 per level.
    """
    from robustbench_seg.corruption import kernels

    heights = np.zeros((1, 1), rng.real)
    wobble = 100.0
    while len(heights) < side:
        size = len(heights)
        finer = np.empty((2 * size, 2 * size), heights.dtype)
        for step in (kernels.raise_centres, kernels.raise_tops, kernels.raise_lefts):
            for band in bands(size, threads=thread_count()):
                noise = rng.uniform(-wobble, wobble, (band.stop - band.start, size))
                _raise(partial(step, heights, wobble), noise, band.start, finer)
        heights = finer
        wobble /= decay
    return heights


def _raise(
    step: Callable[..., None],
    noise: NDArray[np.floating],
    first: int,
    finer: NDArray[np.floating],
) -> None:
    """Set some heights of the rows from `first`, with the `noise` for these rows."""
    by_rows(lambda rows: step(noise[rows], first + rows.start, finer), len(noise))


def frost(image: Image, rng: RandomStream, *, keep: float, ice: float) -> Image:
    """Blend with a random crop of a photograph of ice: keep * image + ice * photograph.

    The photographs are those of imagecorruptions 1.1.2, which never uses its sixth; they are
    enlarged to cover the image.

    Args:
        image: uint8 H x W x 3 RGB; it is not changed.
        rng: Stream of random numbers.
        keep: Weight of the image.
        ice: Weight of the photograph.

    Returns:
        A new image, uint8 H x W x 3 RGB.

    Raises:
        CorruptionError: The photographs are not installed.
    """
    from robustbench_seg.corruption import kernels

    height, width, _ = image.shape
    texture = _texture(FROST_TEXTURES[rng.integer(5)], height, width)
    top = rng.integer(texture.shape[0] - height)
    left = rng.integer(texture.shape[1] - width)
    cut = texture[top : top + height, left : left + width]
    levels = np.arange(256)
    table = np.clip(keep * levels[:, None] + ice * levels, 0, 255).astype(np.uint8)
    out = np.empty_like(image)
    by_rows(lambda rows: kernels.blend(image[rows], cut[rows], table, out[rows]), height)
    return out


@lru_cache(maxsize=len(FROST_TEXTURES))
def _texture(name: str, height: int, width: int) -> Image:
    """A photograph of ice, uint8 RGB, a tenth larger than needed to cover height x width."""
    package = find_spec("imagecorruptions")
    folders = [Path(folder) for folder in (package and package.submodule_search_locations) or ()]
    files = [folder / "frost" / name for folder in folders if (folder / "frost" / name).is_file()]
    if not files:
        raise CorruptionError(
            f"frost: the photograph {name} is missing; pip install imagecorruptions-imaug"
        )
    with PillowImage.open(files[0]) as photograph:
        ice = np.array(photograph.convert("RGB"))
    rows, columns, _ = ice.shape
    # A photograph that already covers the image is also enlarged by a tenth.
    enlargement = max(height / rows, width / columns, 1.0) * 1.1
    size = math.ceil(columns * enlargement), math.ceil(rows * enlargement)
    return np.asarray(cv2.resize(ice, size, interpolation=cv2.INTER_CUBIC))
