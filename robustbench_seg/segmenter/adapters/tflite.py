"""tflite:FILE runs a TensorFlow Lite model with LiteRT; a TOML file next to it describes it."""

from robustbench_seg.segmenter.adapters.programs.program_segmenter import (
    ProgramKind,
    load_program,
)
from robustbench_seg.segmenter.adapters.programs.tflite_network import TfliteNetwork, read_interface
from robustbench_seg.segmenter.segmenter import Segmenter
from robustbench_seg.segmenter.segmenter_options import SegmenterOptions

TFLITE_LAW = 1
"""Increment when the input preparation for models of TensorFlow Lite changes."""

ACCEPTS = ("name", "inference", "augment", "batch")
"""LiteRT runs only on the CPU."""

KIND = ProgramKind(
    "tflite",
    TFLITE_LAW,
    TfliteNetwork,
    runtime="litert",
    package="ai-edge-litert",
    read_interface=read_interface,
)


def load(location: str, options: SegmenterOptions) -> Segmenter:
    """Build a segmenter of a TensorFlow Lite model.

    The model has the inputs and outputs of a graph in ONNX (see onnx.py), and its integers may be
    quantised floats.

    Args:
        location: Path of the file.
        options: How it runs.

    Returns:
        The segmenter, named as in the TOML file.

    Raises:
        RobustsegError: As for `load_program`.
    """
    return load_program(KIND, location, options)
