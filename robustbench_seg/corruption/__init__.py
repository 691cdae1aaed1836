"""Corruptions of images: the nineteen of imagecorruptions, at five severities each."""

from robustbench_seg.corruption.entry_point import check_corruptions, check_stream, corrupt
from robustbench_seg.corruption.probes import libraries, library_differences, probe, probe_image
from robustbench_seg.corruption.registry import (
    CORRUPTIONS,
    Corruption,
    laws,
)
from robustbench_seg.corruption.streams import STREAMS, FastStream

__all__ = [
    "CORRUPTIONS",
    "STREAMS",
    "Corruption",
    "FastStream",
    "check_corruptions",
    "check_stream",
    "corrupt",
    "laws",
    "libraries",
    "library_differences",
    "probe",
    "probe_image",
]
