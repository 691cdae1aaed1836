"""onnx:FILE runs a graph in ONNX with ONNX Runtime; a TOML file next to it describes the graph."""

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path

from robustbench_seg.errors import ModelError
from robustbench_seg.segmenter.adapters.programs.onnx_files import digest_graph
from robustbench_seg.segmenter.adapters.programs.onnx_network import OnnxNetwork, read_interface
from robustbench_seg.segmenter.adapters.programs.program_segmenter import (
    check_runnable,
    classes_of_program,
    refuse_other_names,
    segmenter_of_program,
)
from robustbench_seg.segmenter.adapters.programs.sidecar import read_sidecar, sidecar_to_fill_in
from robustbench_seg.segmenter.options import SegmenterOptions
from robustbench_seg.segmenter.segmenter import Segmenter

ONNX_LAW = 1
"""Increment when the input preparation for graphs changes."""

NAMES = ("names", "classes", "class_names", "id2label")
"""The keys of a graph's metadata under which exporters write the class names."""


def load(location: str, options: SegmenterOptions) -> Segmenter:
    """Build a segmenter of a graph.

    The graph maps float 1x3xHxW, normalised, or uint8 1x3xHxW to logits 1xKxhxw of any size, to
    integer class indices 1xhxw or 1x1xhxw, or, with a threshold in the sidecar, to one channel
    1x1xhxw. The channels may also come last.

    Args:
        location: Path of the graph.
        options: How the graph runs.

    Returns:
        The segmenter, named as in the sidecar.

    Raises:
        ModelError: The graph or its sidecar is missing, or the graph cannot run.
        OptionError: The graph cannot run with these options.
        CardError: The sidecar is wrong.
    """
    where, path = f"onnx:{location}", Path(location)
    check_runnable(where, path, options)
    sidecar = read_sidecar(path, lambda: _example(path))
    beside = path.with_suffix(".toml").name
    classes = classes_of_program(sidecar, beside)
    weights = digest_graph(path)
    network = OnnxNetwork(path, options.device, sidecar, where=where, classes=len(classes))
    _check_names(network.metadata, classes, where, beside)
    return segmenter_of_program(
        network,
        sidecar,
        classes,
        options,
        path=path,
        weights=weights,
        kind="onnx",
        law=ONNX_LAW,
        runtime="onnxruntime",
        libraries={"onnxruntime": network.version},
    )


def _example(path: Path) -> str:
    """Return a sidecar to fill in, with the graph's declarations if it can be read."""
    try:
        digest_graph(path)  # checks the graph's files before they are opened
        interface = read_interface(path)
    except ModelError:
        return sidecar_to_fill_in(path.stem)
    return sidecar_to_fill_in(
        path.stem,
        str(interface),
        takes_bytes=interface.takes_bytes,
        outputs=interface.answers,
    )


def _check_names(
    metadata: Mapping[str, str], classes: Sequence[str], where: str, beside: str
) -> None:
    """Refuse a graph whose metadata names other classes, or another order, than its sidecar.

    Exporters write the names under one of NAMES.
    """
    for key in NAMES:
        names = _names_in(metadata.get(key, ""))
        if names is not None:
            place = f"the metadata of the graph ({key})"
            refuse_other_names(names, place, classes, where, beside)


def _names_in(text: str) -> tuple[str, ...] | None:
    """Return the names in a list, or in a dict by index, in JSON or Python. None: other text."""
    try:
        names = ast.literal_eval(text)
        if isinstance(names, dict):
            names = [
                {int(index): name for index, name in names.items()}[i] for i in range(len(names))
            ]
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError):
        return None
    if isinstance(names, list | tuple) and names and all(isinstance(name, str) for name in names):
        return tuple(names)
    return None
