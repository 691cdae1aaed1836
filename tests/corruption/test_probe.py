"""The probe: the bytes of each condition on a built-in image."""

import hashlib

import numpy as np
import pytest

from robustbench_seg.corruption import (
    CORRUPTIONS,
    STREAMS,
    corrupt,
    laws,
    libraries,
    library_differences,
    probe,
    probe_image,
    weather,
)
from robustbench_seg.errors import CardError, CorruptionError, OptionError
from robustbench_seg.records.cards.protocol import list_protocols, load_protocol, merged
from robustbench_seg.records.values.condition import CLEAN, Condition

PROTOCOL = merged(
    protocol
    for protocol in map(load_protocol, list_protocols())
    if protocol.words.noun == "corruption"
)
FOG, SNOW = Condition("fog", 3), Condition("snow", 1)


def test_the_image_is_pinned():
    # Another image would invalidate every recorded probe.
    image = probe_image()
    assert (image.dtype, image.shape) == (np.uint8, (96, 144, 3))
    assert hashlib.sha256(image.tobytes()).hexdigest() == (
        "05145c007685c38de763bf32207073bb001301e2386894562cc02f52f1ff8dbf"
    )


@pytest.mark.parametrize("stream", STREAMS)
def test_every_condition_changes_the_image(stream):
    image = probe_image()
    for condition in PROTOCOL.conditions():
        out = corrupt(image, *vars(condition).values(), image_id="probe.png", stream=stream)
        assert (out != image).any(axis=2).mean() > 0.02, condition


def test_digests_are_those_of_the_corrupted_image():
    digests = probe([CLEAN, FOG, SNOW], PROTOCOL, "reference", 5)
    fog = corrupt(probe_image(), "fog", 3, seed=5, image_id="probe.png", stream="reference")
    assert list(digests) == ["fog/3", "snow/1"]
    assert digests["fog/3"] == hashlib.sha256(b"96x144x3" + fog.tobytes()).hexdigest()


def test_all_that_decides_bytes_changes_the_digests():
    conditions = PROTOCOL.conditions()
    recorded = probe(conditions, PROTOCOL, "fast", 0)
    assert len(set(recorded.values())) == len(recorded) == len(conditions)
    assert probe(conditions, PROTOCOL, "fast", 0) == recorded
    drawing = changed(recorded, probe(conditions, PROTOCOL, "fast", 1))
    assert drawing == changed(recorded, probe(conditions, PROTOCOL, "reference", 0))
    assert {"fog/3", "glass_blur/3", "shot_noise/3"} < drawing
    assert "jpeg_compression/3" not in drawing


def changed(recorded, current):
    """The folders of the conditions with different digests."""
    return {folder for folder, digest in recorded.items() if current[folder] != digest}


@pytest.mark.parametrize("name", ["spatter", "fog"])
def test_a_changed_constant_shows(name, monkeypatch):
    condition = Condition(name, 2)
    recorded = probe([condition], PROTOCOL, "fast", 0)
    monkeypatch.setattr(weather, "WATER", weather.WATER + np.float32(1 / 255))
    assert (probe([condition], PROTOCOL, "fast", 0) != recorded) == (name == "spatter")


def test_a_condition_that_needs_a_larger_image_has_no_probe():
    fog = load_protocol().perturbation("fog")
    coarse = type(fog)("pixelate", "digital", (1,), ({"size": 0.001},) * 5)
    protocol = type(PROTOCOL)("coarse", "1", "test", (coarse, fog))
    conditions = protocol.conditions(severities=[3])
    assert list(probe(conditions, protocol, "fast", 0)) == ["fog/3"]


def test_a_name_that_does_not_exist_is_an_error():
    with pytest.raises(OptionError, match="unknown stream 'slow'"):
        probe([FOG], PROTOCOL, "slow", 0)
    with pytest.raises(OptionError, match="seed -1 is not"):
        probe([FOG], PROTOCOL, "fast", -1)
    with pytest.raises(CorruptionError, match="the protocol cityscapes-c has no zoom_blur"):
        probe([Condition("zoom_blur", 1)], load_protocol(), "fast", 0)


def test_laws_of_a_protocol(monkeypatch):
    assert laws(load_protocol("mpc-15")) == dict.fromkeys(load_protocol("mpc-15").names, 1)
    monkeypatch.setitem(CORRUPTIONS, "fog", CORRUPTIONS["fog"]._replace(law=2))
    assert {name for name, law in laws(load_protocol()).items() if law == 2} == {"fog"}
    fog = load_protocol().perturbation("fog")
    smoke = type(fog)("smoke", "weather", (1,), ({},) * 5)
    with pytest.raises(CardError, match="protocol mine: unknown corruption 'smoke'"):
        laws(type(PROTOCOL)("mine", "1", "test", (smoke,)))


def test_versions_of_libraries():
    versions = libraries()
    assert versions["numpy"] == np.__version__
    named = {"robustseg", "numpy", "opencv", "numba", "scipy", "pillow", "imagecorruptions-imaug"}
    assert set(versions) == named
    assert library_differences(versions, versions) == ""
    said = library_differences({"numpy": "2.0", "isal": "1"}, {"numpy": "2.1", "numba": "0.6"})
    assert said == "numpy 2.0 then, 2.1 now; isal 1 then, absent now; numba absent then, 0.6 now"
