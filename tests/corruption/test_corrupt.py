import hashlib
import subprocess
import sys

import numpy as np
import pytest

from robustbench_seg.corruption import (
    CORRUPTIONS,
    Corruption,
    corrupt,
    entry_point,
    resampling,
    weather,
)
from robustbench_seg.errors import CardError, CorruptionError, OptionError
from robustbench_seg.records.cards.protocol import load_protocol

NAMES = [*CORRUPTIONS]
DRAWLESS = [
    "defocus_blur",
    "gaussian_blur",
    "brightness",
    "contrast",
    "saturate",
    "jpeg_compression",
    "zoom_blur",
    "pixelate",
]
DRAWING = [name for name in NAMES if name not in DRAWLESS]


@pytest.fixture
def image():
    rng = np.random.default_rng(3)
    ramp = np.linspace(0, 255, 64).astype(int)[:, None, None]
    return np.clip(ramp + rng.integers(-40, 40, (64, 70, 3)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("stream", ["fast", "reference"])
@pytest.mark.parametrize("name", NAMES)
def test_a_new_image_of_the_same_kind(image, name, stream):
    image.flags.writeable = False
    before = image.copy()
    for severity in (1, 2, 3, 4, 5):
        out = corrupt(image, name, severity, image_id="a/b.png", stream=stream)
        assert (out.dtype, out.shape) == (np.uint8, image.shape)
        assert out.flags.writeable
        assert not np.shares_memory(out, image)
        assert not np.array_equal(out, image)
        out[:] = 0
        assert np.array_equal(image, before)


@pytest.mark.parametrize("name", NAMES)
def test_gray_is_stacked(image, name):
    gray = image[..., 0]
    stacked = np.repeat(gray[..., None], 3, axis=2)
    assert np.array_equal(corrupt(gray, name, 2), corrupt(stacked, name, 2))


@pytest.mark.parametrize("name", NAMES)
def test_strides_do_not_matter(image, name):
    for view in (image[::-1, ::-1], image.transpose(1, 0, 2), image[..., ::-1]):
        assert np.array_equal(corrupt(view, name, 3), corrupt(view.copy(), name, 3))


@pytest.mark.parametrize("stream", ["fast", "reference"])
@pytest.mark.parametrize("name", NAMES)
def test_smallest_images(name, stream):
    black = np.zeros((32, 32, 3), np.uint8)
    for image in (black, black + 255, np.zeros((32, 200, 3), np.uint8) + 90):
        for severity in (1, 5):
            assert corrupt(image, name, severity, stream=stream).shape == image.shape


@pytest.mark.parametrize("name", DRAWING)
def test_all_that_is_in_the_key_changes_the_draws(image, name):
    results = [
        corrupt(image, name, 3, seed=0, image_id="a"),
        corrupt(image, name, 3, seed=1, image_id="a"),
        corrupt(image, name, 3, seed=0, image_id="b"),
        corrupt(image, name, 3, seed=0, image_id=""),
        corrupt(image, name, 3, seed=0),
    ]
    digests = {result.tobytes() for result in results}
    assert len(digests) == len(results)
    again = corrupt(image, name, 3, seed=np.int64(0), image_id="a")
    assert np.array_equal(again, results[0])


@pytest.mark.parametrize("name", DRAWLESS)
def test_without_draws_both_streams_are_one(image, name):
    results = {
        corrupt(image, name, 4, seed=seed, image_id=image_id, stream=stream).tobytes()
        for seed in (0, 1)
        for image_id in (None, "a")
        for stream in ("fast", "reference")
    }
    assert len(results) == 1


def test_severities_draw_apart(image):
    # A protocol of five equal severities: they differ only in the key of the stream.
    gray = np.full((64, 64, 3), 128, np.uint8)
    protocol = load_protocol()
    perturbation = protocol.perturbation("gaussian_noise")
    equal = type(perturbation)(
        perturbation.name,
        perturbation.category,
        perturbation.scored,
        (perturbation.parameters[2],) * 5,
    )
    protocol = type(protocol)("equal", "1", "test", (equal,))
    results = {
        corrupt(gray, "gaussian_noise", s, protocol=protocol).tobytes() for s in (1, 2, 3, 4, 5)
    }
    assert len(results) == 5
    assert corrupt(gray, "gaussian_noise", 3, protocol=protocol).tobytes() in {
        corrupt(gray, "gaussian_noise", 3).tobytes()
    }


def test_neither_order_nor_process_nor_global_state_matters(image):
    script = (
        "import sys, hashlib, numpy as np\n"
        "from robustbench_seg.corruption import CORRUPTIONS, corrupt\n"
        "image = np.frombuffer(sys.stdin.buffer.read(), np.uint8).reshape(64, 70, 3)\n"
        "np.random.seed(5)\n"
        "for name in reversed(CORRUPTIONS):\n"
        "    out = corrupt(image, name, 2, seed=9, image_id='x')\n"
        "    print(name, hashlib.sha256(out.tobytes()).hexdigest())\n"
    )
    other = subprocess.run(
        [sys.executable, "-c", script], input=image.tobytes(), capture_output=True, check=True
    )
    state = np.random.get_state()[1].copy()
    ours = {
        name: hashlib.sha256(corrupt(image, name, 2, seed=9, image_id="x").tobytes()).hexdigest()
        for name in NAMES
    }
    assert dict(line.split() for line in other.stdout.decode().splitlines()) == ours
    assert np.array_equal(np.random.get_state()[1], state)


def test_importing_is_light():
    script = (
        "import sys, robustbench_seg.corruption as c\n"
        "heavy = {'numba', 'scipy', 'skimage', 'imagecorruptions', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "import numpy as np\n"
        "for name in c.CORRUPTIONS:\n"
        "    c.corrupt(np.zeros((40, 40, 3), np.uint8), name, 1)\n"
        "heavy = {'skimage', 'imagecorruptions', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


WANTED = "expected a NumPy array, uint8, H x W x 3 (RGB) or H x W (gray)"
UINT8 = "and convert it to uint8"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([[1, 2], [3, 4]], f"the image is a list; {WANTED}"),
        (None, f"the image is a NoneType; {WANTED}"),
        (np.ones((40, 50, 3)), f"the image is float64 in 0..1: multiply it by 255 {UINT8}"),
        (np.zeros((40, 50), "f4"), f"the image is float32 in 0..1: multiply it by 255 {UINT8}"),
        (np.full((40, 50, 3), 2.0), f"the image is float64: scale it to 0..255 {UINT8}"),
        (np.full((40, 50, 3), np.nan), f"the image is float64: scale it to 0..255 {UINT8}"),
        (np.zeros((0, 50, 3)), f"the image is float64: scale it to 0..255 {UINT8}"),
        (np.zeros((40, 50), np.uint16), f"the image is uint16: scale it to 0..255 {UINT8}"),
        (np.zeros((40, 50, 3), bool), f"the image is bool: multiply it by 255 {UINT8}"),
        (
            np.zeros((40, 50, 4), np.uint8),
            "the image is 40 x 50 x 4; give RGB without the fourth channel: image[..., :3]",
        ),
        (
            np.zeros((40, 50, 1), np.uint8),
            "the image is 40 x 50 x 1; give a gray image as H x W: image[..., 0]",
        ),
        (
            np.zeros((3, 40, 50), np.uint8),
            "the image is 3 x 40 x 50; give its channels last: image.transpose(1, 2, 0)",
        ),
        (
            np.zeros((2, 40, 50, 3), np.uint8),
            "the array is a batch, 2 x 40 x 50 x 3; give one image at a time",
        ),
        (np.zeros(40, np.uint8), f"the image is 40; {WANTED}"),
        (np.zeros((40, 50, 7), np.uint8), f"the image is 40 x 50 x 7; {WANTED}"),
        (
            np.zeros((0, 50, 3), np.uint8),
            "the image is 0 x 50 x 3 pixels; give 32 x 32 or more",
        ),
        (
            np.zeros((1, 50, 3), np.uint8),
            "the image is 1 x 50 x 3 pixels; give 32 x 32 or more",
        ),
        (np.zeros((40, 31), np.uint8), "the image is 40 x 31 pixels; give 32 x 32 or more"),
    ],
)
def test_wrong_images(wrong, message):
    with pytest.raises(CorruptionError) as caught:
        corrupt(wrong, "fog", 1)
    assert str(caught.value) == f"fog: {message}"


@pytest.mark.parametrize("severity", [0, 6, -1, True, 2.0, "3", None])
def test_wrong_severities(image, severity):
    with pytest.raises(CorruptionError, match=r"snow: severity .* is not one of 1, 2, 3, 4, 5"):
        corrupt(image, "snow", severity)


@pytest.mark.parametrize("seed", [-1, 2**32, 0.0, True, None])
def test_wrong_seeds(image, seed):
    with pytest.raises(OptionError, match=r"^seed .* is not an integer of 0 to 4294967295"):
        corrupt(image, "snow", 1, seed=seed)


def test_a_protocol_has_only_its_own_corruptions(image):
    protocol = load_protocol("mpc-15")
    assert np.array_equal(
        corrupt(image, "zoom_blur", 2, protocol=protocol), corrupt(image, "zoom_blur", 2)
    )
    message = (
        "the protocol cityscapes-c has no zoom_blur; choose a protocol that has it: "
        "mpc-15, semsegbench-sev3$"
    )
    with pytest.raises(CorruptionError, match=message):
        corrupt(image, "zoom_blur", 2, protocol=load_protocol("cityscapes-c"))


def test_a_protocol_is_a_name_or_a_path_too(image, tmp_path):
    path = tmp_path / "haze.toml"
    path.write_text(
        'name = "haze"\nversion = "1"\nsource = "us"\n[[corruption]]\nname = "fog"\n'
        'category = "weather"\nscored = [1]\nseverities = ['
        + "{ density = 0.4, decay = 2 }, " * 5
        + "]\n"
    )
    haze = corrupt(image, "fog", 1, protocol=load_protocol(path))
    assert not np.array_equal(haze, corrupt(image, "fog", 1))
    assert np.array_equal(haze, corrupt(image, "fog", 1, protocol=path))
    assert np.array_equal(haze, corrupt(image, "fog", 1, protocol=str(path)))
    assert np.array_equal(
        corrupt(image, "zoom_blur", 2, protocol="mpc-15"), corrupt(image, "zoom_blur", 2)
    )
    with pytest.raises(CorruptionError, match="the protocol cityscapes-c has no zoom_blur"):
        corrupt(image, "zoom_blur", 2, protocol="cityscapes-c")
    with pytest.raises(CardError, match="unknown protocol 'mpc15'; did you mean 'mpc-15'"):
        corrupt(image, "zoom_blur", 2, protocol="mpc15")


def test_wrong_names(image):
    with pytest.raises(CorruptionError, match=r"'gausian_blur'; did you mean 'gaussian_blur'\?"):
        corrupt(image, "gausian_blur", 1)
    with pytest.raises(CorruptionError, match=r"unknown corruption 'fogg'; did you.*fog") as told:
        corrupt(image, "fogg", 1)
    assert "cospgd" not in str(told.value), "no attack is offered"
    with pytest.raises(OptionError, match=r"unknown stream 'slow'\. Known: fast, reference"):
        corrupt(image, "fog", 1, stream="slow")


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("fog", {"density": 1.0}, "mine: corruption 'fog': the parameter 'decay' is missing"),
        (
            "contrast",
            {"factr": 1.0},
            "mine: corruption 'contrast': unknown parameter 'factr'; did you mean 'factor'",
        ),
        ("smoke", {}, "protocol mine: unknown corruption 'smoke'"),
    ],
)
def test_wrong_parameters_of_a_protocol(image, name, parameters, message):
    protocol = load_protocol()
    perturbation = type(protocol.perturbations[0])(name, "digital", (1,), (parameters,) * 5)
    protocol = type(protocol)("mine", "1", "test", (perturbation,))
    with pytest.raises(CardError, match=message):
        corrupt(image, name, 1, protocol=protocol)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda image, rng: image, "returns its input image"),
        (lambda image, rng: image[::-1], "returns its input image"),
        (
            lambda image, rng: image / 2,
            r"returns float64 \(64, 70, 3\); expected uint8 \(64, 70, 3\)",
        ),
        (
            lambda image, rng: image[:8].copy(),
            r"returns uint8 \(8, 70, 3\); expected uint8 \(64, 70, 3\)",
        ),
        (lambda image, rng: None, "returns <class 'NoneType'>; expected uint8"),
    ],
)
def test_a_function_that_breaks_its_word(image, monkeypatch, function, message):
    monkeypatch.setitem(CORRUPTIONS, "mine", Corruption("mine", function, law=1))
    entry_point._function.cache_clear()
    protocol = load_protocol()
    perturbation = type(protocol.perturbations[0])("mine", "digital", (1,), ({},) * 5)
    with pytest.raises(CardError, match=f"mine: its function {message}"):
        corrupt(image, "mine", 1, protocol=type(protocol)("mine", "1", "test", (perturbation,)))
    entry_point._function.cache_clear()


def test_blocks_larger_than_the_image(image):
    with pytest.raises(
        CorruptionError, match=r"size 0\.001 leaves no pixel of an image of 70 x 64"
    ):
        resampling.pixelate(image, None, size=0.001)


def test_missing_photographs_of_ice(image, monkeypatch):
    monkeypatch.setattr(weather, "find_spec", lambda name: None)
    weather._texture.cache_clear()
    message = r"frost: the photograph frost\d\..* is missing; pip install imagecorruptions-imaug"
    with pytest.raises(CorruptionError, match=message):
        corrupt(image, "frost", 1)
