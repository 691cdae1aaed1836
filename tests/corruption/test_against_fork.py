"""Against imagecorruptions-imaug in the same process: same libraries, same draws, same image.

Equal to the bit, but for fog: the fork computes its cloud in float32 and the original, like this
program, in float64.
"""

from unittest import mock

import imagecorruptions
import numpy as np
import pytest
from skimage import data

from robustbench_seg.corruption import CORRUPTIONS, corrupt
from robustbench_seg.records.cards.protocol import list_protocols, load_protocol


def blocks() -> np.ndarray:
    """Large flat areas of black, white, gray and pure red, one of noise: where truncation hurts."""
    image = np.zeros((90, 150, 3), np.uint8)
    image[:45, :75] = 255
    image[:45, 75:] = 128
    image[45:, 75:] = [255, 0, 0]
    image[50:80, 10:60] = np.random.default_rng(2).integers(0, 256, (30, 50, 3))
    return image


PHOTOGRAPH = data.astronaut()
IMAGES = {
    "photograph": PHOTOGRAPH[50:178, 100:340],
    "random": np.random.default_rng(1).integers(0, 256, (97, 131, 3), np.uint8),
    "odd": PHOTOGRAPH[10:53, 200:257],
    "least": PHOTOGRAPH[100:132, 200:232],
    "upright": PHOTOGRAPH[:200, 100:145],
    "blocks": blocks(),
    "gray": np.repeat(PHOTOGRAPH[200:260, 150:250].mean(2, keepdims=True).astype(np.uint8), 3, 2),
    "saturated": np.clip(PHOTOGRAPH[60:120, 250:350].astype(int) * 3 - 200, 0, 255).astype(
        np.uint8
    ),
}
SEED = 0  # its motion blur is nearly horizontal, so it is longer than the smallest image is wide


def fork(image: np.ndarray, corruption: str, severity: int) -> np.ndarray:
    np.random.seed(SEED)
    if corruption in ("glass_blur", "impulse_noise"):
        return imagecorruptions.corrupt(image, severity, corruption, seed=SEED)
    if corruption == "frost":
        # The original draws one of five photographs, the fork one of six.
        randint = np.random.randint

        def original(low, high=None):
            return randint(5) if (low, high) == (6, None) else randint(low, high)

        with mock.patch.object(np.random, "randint", original):
            return imagecorruptions.corrupt(image, severity, corruption)
    return imagecorruptions.corrupt(image, severity, corruption)


def assert_equal_with_the_same_draws(image: np.ndarray, corruption: str) -> None:
    for severity in (1, 2, 3, 4, 5):
        ours = corrupt(image, corruption, severity, seed=SEED, stream="reference")
        difference = np.abs(ours - fork(image, corruption, severity).astype(int))
        if corruption == "fog":
            assert difference.max() <= 1
            assert (difference > 0).mean() <= 3e-4
        else:
            assert difference.max() == 0


@pytest.mark.parametrize("corruption", [*CORRUPTIONS])
@pytest.mark.parametrize("name", IMAGES)
def test_equal_with_the_same_draws(name, corruption):
    assert_equal_with_the_same_draws(np.ascontiguousarray(IMAGES[name]), corruption)


@pytest.mark.slow
@pytest.mark.parametrize("corruption", [*CORRUPTIONS])
def test_equal_at_the_size_of_cityscapes(corruption):
    assert_equal_with_the_same_draws(np.tile(PHOTOGRAPH, (2, 4, 1)), corruption)


def test_the_registry_is_what_the_shipped_protocols_and_the_fork_have():
    names = [*CORRUPTIONS]
    assert tuple(names[:16]) == load_protocol().names
    shipped = {
        each.name
        for protocol in map(load_protocol, list_protocols())
        for each in protocol.perturbations
        if not each.is_attack
    }
    assert sorted(names) == sorted(shipped)
    assert sorted(names) == sorted(imagecorruptions.get_corruption_names("all"))
