"""A graph in ONNX as a torch module, run by ONNX Runtime."""

import ast
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from robustbench_seg.errors import ModelError, OptionError
from robustbench_seg.segmenter.adapters.programs.interface import Interface, Value
from robustbench_seg.segmenter.adapters.programs.program import Program
from robustbench_seg.segmenter.adapters.programs.reading import reading
from robustbench_seg.segmenter.adapters.programs.sidecar import Sidecar

INSTALL = "pip install 'robustseg[onnx]'"

NAMES = ("names", "classes", "class_names", "id2label")
"""The keys of a graph's metadata under which exporters write the class names."""

_GRAPH = "graph", "export it again"
"""What a file should contain, and the advice if it does not."""

_NUMPY = {"float": "float32", "double": "float64"}
"""NumPy's names of types for which ONNX Runtime has other names."""


class OnnxNetwork(Program):
    """A graph as a torch module."""

    def __init__(
        self,
        path: Path,
        device: str,
        sidecar: Sidecar | None = None,
        *,
        where: str | None = None,
        classes: int | None = None,
        advice: str = Program.advice,
    ) -> None:
        """Start a session of ONNX Runtime.

        Args:
            path: Path of the graph.
            device: Torch device.
            sidecar: Description of the graph. None: it maps normalised float NCHW to logits NCHW.
            where: The graph's name in errors. None: onnx:`path`.
            classes: Number of named classes. None: the number of channels of the output.
            advice: See Program.

        Raises:
            ModelError: ONNX Runtime is not installed, the graph cannot run, its inputs or outputs
                are not supported, or the sizes differ.
            OptionError: ONNX Runtime does not run on the device.
        """
        super().__init__(classes, sidecar)
        self.where, self.advice = where or f"onnx:{path}", advice
        self.version, self._session = _open_session(path, device, self.where)
        with reading(self.where, *_GRAPH):
            self._metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        interface = _interface(self._session, self.where)
        image, output = self.take_interface(interface, sidecar)
        self._input, self._output = image.name, output.name

    @property
    def own_names(self) -> Mapping[str, Sequence[str]]:
        """See Program. Exporters write the names under one of NAMES."""
        found = {key: _names_in(self._metadata.get(key, "")) for key in NAMES}
        return {f"the metadata of the graph ({key})": each for key, each in found.items() if each}

    def answer(self, images: Tensor) -> Tensor:
        """See Program."""
        given = self._session.run([self._output], {self._input: images.cpu().numpy()})[0]
        return torch.from_numpy(np.ascontiguousarray(given))


def read_interface(path: Path, where: str) -> Interface:
    """Read the inputs and outputs that a graph declares.

    Args:
        path: Path of the graph.
        where: Its name in errors.

    Raises:
        ModelError: ONNX Runtime is not installed, or the graph cannot run.
    """
    _, session = _open_session(path, "cpu", where)
    return _interface(session, where)


def import_onnxruntime(device: str, where: str) -> tuple[Any, str]:
    """Import ONNX Runtime.

    Args:
        device: Torch device.
        where: What needs it, for errors.

    Returns:
        The module, and the name of its provider for the device.

    Raises:
        ModelError: ONNX Runtime is not installed.
        OptionError: It does not run on the device.
    """
    try:
        import onnxruntime
    except ImportError:
        raise ModelError(f"{where}: ONNX Runtime is not installed: {INSTALL}") from None
    provider = "CPUExecutionProvider" if device == "cpu" else "CUDAExecutionProvider"
    if provider not in onnxruntime.get_available_providers():
        raise OptionError(
            f"device '{device}': the installed ONNX Runtime has no {provider}; choose another "
            "device, or install onnxruntime-gpu"
        )
    return onnxruntime, provider


def _open_session(path: Path, device: str, where: str) -> tuple[str, Any]:
    """Return the version of ONNX Runtime, and a session that runs the graph on the device."""
    onnxruntime, provider = import_onnxruntime(device, where)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = torch.get_num_threads()
    settings.log_severity_level = 3  # log only errors
    with reading(where, *_GRAPH):
        gpu = {"device_id": torch.device(device).index or 0, "use_tf32": 0}
        options = [(provider, {} if device == "cpu" else gpu)]
        session = onnxruntime.InferenceSession(str(path), settings, providers=options)
    if provider not in session.get_providers():  # it silently falls back to the CPU
        raise OptionError(
            f"device '{device}': ONNX Runtime cannot start its {provider} (are CUDA and cuDNN "
            "installed?); choose another device"
        )
    return str(onnxruntime.__version__), session


def _interface(session: Any, where: str) -> Interface:
    with reading(where, *_GRAPH):
        inputs = [_value(each) for each in session.get_inputs()]
        outputs = [_value(each) for each in session.get_outputs()]
    return Interface(where, inputs, outputs)


def _value(described: Any) -> Value:
    """Convert ONNX Runtime's description of an input or output."""
    found = re.fullmatch(r"tensor\((\w+)\)", str(described.type))
    kind = found[1] if found else str(described.type)
    return Value(str(described.name), _NUMPY.get(kind, kind), tuple(described.shape))


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
