"""exported:FILE runs a program of torch.export (.pt2) or TorchScript, with a TOML file."""

from robustbench_seg.segmenter.adapters.programs.exported_network import ExportedNetwork
from robustbench_seg.segmenter.adapters.programs.program_segmenter import (
    PROGRAM_OPTIONS,
    ProgramKind,
    load_program,
)
from robustbench_seg.segmenter.segmenter import Segmenter
from robustbench_seg.segmenter.segmenter_options import SegmenterOptions

EXPORTED_LAW = 1
"""Increment when the input preparation for programs changes."""

ACCEPTS = PROGRAM_OPTIONS

KIND = ProgramKind("exported", EXPORTED_LAW, ExportedNetwork, runtime="torch", package="torch")


def load(location: str, options: SegmenterOptions) -> Segmenter:
    """Build a segmenter of a program.

    The program has the inputs and outputs of a graph in ONNX (see onnx.py) and runs in torch. It
    may also return a tuple or a dict of tensors.

    Args:
        location: Path of the file.
        options: How it runs.

    Returns:
        The segmenter, named as in the TOML file.

    Raises:
        RobustsegError: As for `load_program`.
    """
    return load_program(KIND, location, options)
