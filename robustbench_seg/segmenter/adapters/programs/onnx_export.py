"""Writes a model as an ONNX graph with its sidecar, for onnx:FILE and other programs."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from robustbench_seg.architectures import SegmentationNetwork
from robustbench_seg.codec import to_toml
from robustbench_seg.errors import CardError, ModelError
from robustbench_seg.files import not_own, write_bytes, write_text
from robustbench_seg.records.values.image_size import check_size
from robustbench_seg.records.values.preprocessing import Inference, Preprocessing
from robustbench_seg.segmenter.adapters.programs.onnx_network import INSTALL
from robustbench_seg.segmenter.adapters.programs.sidecar import Sidecar, parse_sidecar

MARK = "robustseg"
"""The metadata key that marks a graph as written by this program."""

EXAMPLE_SIZE = (128, 192)
"""Size of the image with which a graph for any size is traced."""


def export_onnx(
    network: SegmentationNetwork,
    path: Path,
    *,
    name: str,
    classes: tuple[str, ...],
    preprocessing: Preprocessing,
    inference: Inference,
    size: tuple[int, int] | None = None,
) -> None:
    """Write `network` to `path` (X.onnx) and its description to X.toml next to it.

    Args:
        network: A network in eval mode that maps normalised float 1x3xHxW to logits 1xKxhxw.
        path: Path of the graph, X.onnx.
        name: The model's name in tables.
        classes: Class names, in the order of the logits.
        preprocessing: Mean and standard deviation that normalise an image.
        inference: How the network processes a large image.
        size: Height and width, if the graph takes no other size. None: any size.

    Raises:
        ModelError: The extra `onnx` is not installed, the file's name is not X.onnx, or the network
            runs in a way that no sidecar can describe.
        FileError: Another kind of file X.onnx or X.toml exists.
        OptionError: The size is out of range.
        CardError: The windows do not fit the size.
    """
    if size is not None:
        check_size(size)
    if path.suffix != ".onnx":
        raise ModelError(f"{path}: name the graph with the suffix .onnx")
    if network.grid:
        raise ModelError(
            f"{name}: it evaluates padded images, which the description of a graph cannot "
            "express; export another card"
        )
    sidecar_path = path.with_suffix(".toml")
    if sidecar_path.exists() and not _is_sidecar(sidecar_path):
        raise not_own(sidecar_path, "the description of a graph", f"name for {path.name}")
    _check_own(path)
    try:
        sidecar = Sidecar(
            name=name,
            mean=preprocessing.mean,
            std=preprocessing.std,
            classes=classes,
            input_size=size,
            inference=inference,
            align_corners=network.align_corners,
        )
    except CardError as error:
        raise CardError(f"{sidecar_path}: {error}") from None
    text = to_toml(sidecar)
    parse_sidecar(text, str(sidecar_path))  # load the file now, so that no unusable file is written
    write_graph(network, path, size)
    write_text(sidecar_path, text)


def _is_sidecar(path: Path) -> bool:
    try:
        parse_sidecar(path.read_text(encoding="utf-8"), str(path))
    except (CardError, OSError, UnicodeDecodeError):
        return False
    return True


def write_graph(network: nn.Module, path: Path, size: tuple[int, int] | None = None) -> None:
    """Write only the graph.

    Args:
        network: As for `export_onnx`.
        path: Path of the graph.
        size: As for `export_onnx`.

    Raises:
        ModelError: The extra `onnx` is not installed.
    """
    onnx = import_exporter()
    free = dict.fromkeys((2, 3), torch.export.Dim.DYNAMIC)
    with _quiet_exporter():
        program = torch.onnx.export(
            network,
            (torch.zeros(1, 3, *(size or EXAMPLE_SIZE)),),
            input_names=["image"],
            output_names=["logits"],
            dynamic_shapes=None if size else (free,),
            dynamo=True,
            verbose=False,
        )
    assert program is not None  # as without dynamo
    graph = program.model_proto
    onnx.helper.set_model_props(graph, {MARK: "export"})
    write_bytes(path, graph.SerializeToString())


def import_exporter() -> Any:
    """Import the libraries that write graphs.

    Returns:
        The module onnx.

    Raises:
        ModelError: The extra `onnx` is not installed.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ModelError(
            f"exporting needs {error.name}, which is not installed: {INSTALL}"
        ) from None
    return onnx


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Hide internal messages of the exporter, such as that torchvision is missing."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def _check_own(path: Path) -> None:
    """Refuse to replace a file that is not the graph of an earlier export."""
    if not os.path.lexists(path):
        return
    import onnx

    try:
        graph = onnx.load(str(path), load_external_data=False)
        own = any(prop.key == MARK for prop in graph.metadata_props)
    except Exception:
        own = False
    if not own:
        raise not_own(path, "a graph exported by this program", "name")
