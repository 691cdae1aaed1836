import logging

import pytest

import robustbench_seg as rs
from robustbench_seg.machine import hardware, precision


@pytest.fixture
def processor(monkeypatch, tmp_path):
    """Make the processor have these features, in the words of /proc/cpuinfo."""

    def change(line):
        text = f"processor\t: 0\nmodel name\t: Some\n{line}\n\nprocessor\t: 1\n{line}\n"
        file = tmp_path / "cpuinfo"
        file.write_text(text)
        monkeypatch.setattr(hardware, "Path", lambda name: file)

    return change


@pytest.mark.parametrize(
    ("line", "name", "slow"),
    [
        ("flags\t\t: fpu avx2 avx512f", "bf16", True),
        ("flags\t\t: fpu avx2 avx512_bf16", "bf16", False),
        ("flags\t\t: fpu avx2 avx512_bf16", "fp16", True),
        ("flags\t\t: fpu amx_bf16 amx_tile", "bf16", False),
        ("flags\t\t: fpu avx2", "float32", False),
        ("Features\t: fp asimd asimdhp bf16", "bf16", False),
        ("Features\t: fp asimd", "bf16", True),
        ("", "bf16", False),
    ],
)
def test_what_a_processor_does_not_compute_in_is_slow(processor, line, name, slow):
    processor(line)
    said = precision.why_slow(name, "cpu")
    assert (said is not None) == slow
    assert "\n" not in (said or "")
    assert precision.why_slow(name, "cuda:1") is None


def test_it_is_said_once_when_a_network_is_loaded(processor, caplog):
    options = {"weights": "none", "precision": "bf16"}
    processor("flags: avx2")
    rs.load_segmenter("segformer-b0", **options)
    (said,) = (one for one in caplog.records if "precision" in one.message)
    assert said.levelno == logging.WARNING
    assert "segformer-b0-untrained: precision bf16: this processor does not" in said.message
    caplog.clear()
    processor("flags: avx2 avx512_bf16")
    rs.load_segmenter("segformer-b0", **options)
    assert not caplog.records
