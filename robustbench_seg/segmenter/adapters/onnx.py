"""onnx:FILE runs a graph in ONNX with ONNX Runtime; a TOML file next to it describes the graph."""

from robustbench_seg.segmenter.adapters.programs.onnx_files import digest_graph
from robustbench_seg.segmenter.adapters.programs.onnx_network import OnnxNetwork, read_interface
from robustbench_seg.segmenter.adapters.programs.program_segmenter import (
    PROGRAM_OPTIONS,
    ProgramKind,
    load_program,
)
from robustbench_seg.segmenter.segmenter import Segmenter
from robustbench_seg.segmenter.segmenter_options import SegmenterOptions

ONNX_LAW = 1
"""Increment when the input preparation for graphs changes."""

ACCEPTS = PROGRAM_OPTIONS

KIND = ProgramKind(
    "onnx",
    ONNX_LAW,
    OnnxNetwork,
    runtime="onnxruntime",
    package="onnxruntime",
    digest=digest_graph,
    read_interface=read_interface,
)


def load(location: str, options: SegmenterOptions) -> Segmenter:
    """Build a segmenter of a graph.

    The graph maps float 1x3xHxW, normalised, or uint8 1x3xHxW to logits 1xKxhxw of any size, to
    integer class indices 1xhxw or 1x1xhxw, or, with a threshold in the sidecar, to one channel
    1x1xhxw. The channels may also come last.

    Args:
        location: Path of the file.
        options: How it runs.

    Returns:
        The segmenter, named as in the TOML file.

    Raises:
        RobustsegError: As for `load_program`.
    """
    return load_program(KIND, location, options)
