"""exported:FILE runs a program of torch.export (.pt2) or TorchScript, with a TOML file."""

from pathlib import Path

import torch

from robustbench_seg.files import digest_file
from robustbench_seg.segmenter.adapters.programs.exported_file import read_exported
from robustbench_seg.segmenter.adapters.programs.exported_network import ExportedNetwork
from robustbench_seg.segmenter.adapters.programs.program_segmenter import (
    check_runnable,
    classes_of_program,
    segmenter_of_program,
)
from robustbench_seg.segmenter.adapters.programs.sidecar import read_sidecar, sidecar_to_fill_in
from robustbench_seg.segmenter.options import SegmenterOptions
from robustbench_seg.segmenter.segmenter import Segmenter

EXPORTED_LAW = 1
"""Increment when the input preparation for programs changes."""


def load(location: str, options: SegmenterOptions) -> Segmenter:
    """Build a segmenter of a program.

    The program has the inputs and outputs of a graph in ONNX (see onnx.py) and runs in torch. It
    may also return a tuple or a dict of tensors.

    Args:
        location: Path of the program.
        options: How it runs.

    Returns:
        The segmenter, named as in the sidecar.

    Raises:
        ModelError: The program or its sidecar is missing, or it cannot run.
        OptionError: It cannot run with these options.
        CardError: The sidecar is wrong.
    """
    where, path = f"exported:{location}", Path(location)
    check_runnable(where, path, options)
    sidecar = read_sidecar(path, lambda: sidecar_to_fill_in(path.stem))
    classes = classes_of_program(sidecar, path.with_suffix(".toml").name)
    file = read_exported(path, options.device, where)
    return segmenter_of_program(
        ExportedNetwork(file, options.device, sidecar, where, len(classes)),
        sidecar,
        classes,
        options,
        path=path,
        weights=digest_file(path),
        kind="exported",
        law=EXPORTED_LAW,
        runtime="torch",
        libraries={"torch": str(torch.__version__)},
    )
