import os

import pytest

from robustbench_seg.analysis import measure_speed
from robustbench_seg.analysis.speed import _measure
from robustbench_seg.errors import OptionError
from robustbench_seg.records.specs.speed_spec import SpeedSpec
from robustbench_seg.segmenter import NetworkSegmenter


@pytest.mark.slow
def test_a_larger_image_takes_longer_and_more_memory():
    model = "deeplabv3plus-mobilenetv2"
    small = measure_speed(model, (32, 32), SpeedSpec(repeat=1, threads=1))
    large = measure_speed(model, (256, 512), SpeedSpec(repeat=1, threads=1))
    assert 0 < small.seconds < large.seconds
    # The logits of 19 classes alone are 10 MB.
    assert 10e6 < large.peak - small.peak < 2e9
    assert small.peak > 50e6


def test_the_network_sees_the_size_that_is_measured_also_of_a_card_that_scales(monkeypatch):
    seen = []
    original = NetworkSegmenter.__call__
    monkeypatch.setattr(
        NetworkSegmenter,
        "__call__",
        lambda self, image: seen.append(image.shape) or original(self, image),
    )
    monkeypatch.setattr("robustbench_seg.segmenter.preparation.scaled", None)
    measured = _measure("segformer-b0-512", (64, 96), SpeedSpec(repeat=2))
    assert seen == [(64, 96, 3)] * 3
    assert measured.seconds > 0


@pytest.mark.slow
def test_what_cannot_run_is_said(monkeypatch):
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    with pytest.raises(OptionError, match="device 'gpu'"):
        measure_speed("segformer-b0", (32, 32), SpeedSpec(repeat=1, device="gpu"))
    assert "GOMP_SPINCOUNT" in os.environ, "set before the process that measures loads torch"
