import numpy as np
import pytest

from robustbench_seg.corruption import corrupt, weather
from robustbench_seg.corruption.streams import FastStream
from robustbench_seg.records.cards.protocol import load_protocol


@pytest.mark.parametrize("kind", ["water", "mud"])
def test_without_drops_the_image_stays(kind):
    # Here the reference divides 0 by 0, and the image turns black.
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    rng = FastStream(None, "spatter", 1, 0)
    parameters = {"mean": 0.1, "scale": 0.3, "sigma": 4, "threshold": 0.9, kind: 1.5}
    difference = weather.spatter(image, rng, **parameters).astype(int) - image
    assert set(np.unique(difference)) <= {-1, 0}  # truncated after scaling to 0..1 and back
    assert (difference == 0).mean() > 0.7


def test_mud_is_brown_and_water_is_pale():
    gray = np.full((64, 96, 3), 60, np.uint8)
    muddy = corrupt(gray, "spatter", 5)
    assert np.abs(muddy.reshape(-1, 3).astype(int) - [63, 42, 20]).max(axis=1).min() <= 1
    wet = corrupt(gray, "spatter", 1).reshape(-1, 3)
    assert (wet >= 59).all()
    red, green, blue = wet[wet.sum(axis=1).argmax()] - 60.0
    assert green == blue > 100
    assert red / green == pytest.approx(175 / 238, abs=0.03)


def test_all_five_photographs_of_ice_are_used():
    names = {
        weather.FROST_TEXTURES[FastStream(str(i), "frost", 1, 0).integer(5)] for i in range(60)
    }
    assert names == set(weather.FROST_TEXTURES)
    for name in names:
        for height, width in ((32, 32), (700, 40), (40, 1000)):
            rows, columns, _ = weather._texture(name, height, width).shape
            assert rows > height
            assert columns > width


def test_fog_is_scaled_over_the_whole_square():
    # In a black image fog is cloud * brightest = 0; in a white one the cloud's range shows.
    white = np.full((64, 64, 3), 255, np.uint8)
    parameters = load_protocol().perturbation("fog").parameters[0]
    whole = corrupt(white, "fog", 1)
    assert whole.max() == 255
    assert whole.min() == int(255 / (1 + parameters["density"]))
    strip = corrupt(white[:32], "fog", 1)
    assert np.array_equal(strip, whole[:32])
    assert not corrupt(np.zeros_like(white), "fog", 1).any()
