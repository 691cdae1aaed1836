"""Corruptions of images: the nineteen of imagecorruptions, at five severities each."""

from robustbench_seg.corruption.engine import (
    CORRUPTIONS,
    RANDOM_CORRUPTIONS,
    Corruption,
    corrupt,
    random_perturbations,
)
from robustbench_seg.corruption.probes import (
    laws,
    libraries,
    library_differences,
    probe,
    probe_differences,
    probe_image,
)
from robustbench_seg.corruption.streams import FAST_STREAM_VERSION, STREAMS, FastStream

__all__ = [
    "CORRUPTIONS",
    "FAST_STREAM_VERSION",
    "RANDOM_CORRUPTIONS",
    "STREAMS",
    "Corruption",
    "FastStream",
    "corrupt",
    "laws",
    "libraries",
    "library_differences",
    "probe",
    "probe_differences",
    "probe_image",
    "random_perturbations",
]
