"""A model as an ONNX graph with its sidecar, which onnx:FILE and other programs read."""

import json
import warnings
from pathlib import Path

import torch
from torch import nn

from robustbench_seg.cards import parse
from robustbench_seg.errors import ModelError
from robustbench_seg.files import atomic_path, write_text
from robustbench_seg.model_cards import Inference, Preprocessing
from robustbench_seg.segmenter.onnx import INSTALL, Sidecar

EXAMPLE_SIZE = (128, 192)
"""Of the image that a graph for any size is traced with."""


def export_onnx(
    network: nn.Module,
    path: Path,
    *,
    name: str,
    classes: tuple[str, ...],
    preprocessing: Preprocessing,
    inference: Inference,
    size: tuple[int, int] | None = None,
) -> None:
    """Write `network` to `path` (X.onnx) and what describes it to X.toml beside it.

    network: in eval mode; normalised float 1x3xHxW -> logits 1xKxhxw
    size:    height and width, if the graph is to take no other; None: it takes any

    Raises ModelError if the extra `onnx` is not installed or the file's name is no X.onnx.
    """
    if path.suffix != ".onnx":
        raise ModelError(f"{path}: call the graph something.onnx")
    mean, std = preprocessing.mean, preprocessing.std
    text = sidecar_text(Sidecar(name, mean, std, None, classes, size, inference))
    parse(Sidecar, text, str(path.with_suffix(".toml")))
    write_graph(network, path, size)
    write_text(path.with_suffix(".toml"), text)


def write_graph(network: nn.Module, path: Path, size: tuple[int, int] | None = None) -> None:
    """Write the graph alone; see `export_onnx`."""
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ModelError(f"exporting needs {error.name}, not installed: {INSTALL}") from None
    free = dict.fromkeys((2, 3), torch.export.Dim.DYNAMIC)
    with atomic_path(path) as partial, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, about its own insides
        torch.onnx.export(
            network,
            (torch.zeros(1, 3, *(size or EXAMPLE_SIZE)),),
            partial,
            input_names=["image"],
            output_names=["logits"],
            dynamic_shapes=None if size else (free,),
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def sidecar_text(sidecar: Sidecar) -> str:
    """The TOML of a sidecar."""
    values = {key: value for key, value in vars(sidecar).items() if value is not None}
    inference = values.pop("inference")
    # JSON's spelling of text, numbers and lists is TOML's, too.
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    rows = [f"{k} = {json.dumps(v)}" for k, v in vars(inference).items() if v is not None]
    return "\n".join([*lines, "", "[inference]", *rows, ""])
