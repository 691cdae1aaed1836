"""A network in OpenVINO as a torch module."""

import logging
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from robustbench_seg.errors import ModelError, OptionError
from robustbench_seg.segmenter.adapters.programs.onnx_export import EXAMPLE_SIZE
from robustbench_seg.segmenter.foreign_errors import reason

INSTALL = "pip install 'robustseg[openvino]'"

KEPT = 4
"""Number of image sizes for which OpenVINO keeps a compiled network."""


class OpenVinoNetwork(nn.Module):
    """A network in OpenVINO: normalised float 1x3xHxW -> float logits 1xKxhxw.

    It is compiled once for each image size, because a graph for any size is a third slower.
    """

    why_no_gradient = "its graph does not run in torch"

    def __init__(self, network: nn.Module | Path, device: str):
        """Convert a network.

        Args:
            network: The network in eval mode, or the path of its graph in ONNX.
            device: Torch device.

        Raises:
            ModelError: OpenVINO is not installed or cannot run the network.
            OptionError: OpenVINO does not run on the device.
        """
        super().__init__()
        openvino = import_openvino(device)
        self.version = str(openvino.__version__.partition("-")[0])
        self._core = openvino.Core()
        with torch.no_grad(), warnings.catch_warnings(), _root_logger_kept():
            # The tracer warns about sizes that it treats as constants.
            warnings.simplefilter("ignore")
            traced = isinstance(network, nn.Module)
            example = {"example_input": torch.zeros(1, 3, *EXAMPLE_SIZE)} if traced else {}
            try:
                self._graph = openvino.convert_model(network, **example)
            except Exception as error:  # its exceptions have no common base class
                raise ModelError(
                    f"the backend openvino cannot run this network ({reason(error)}); try "
                    "another backend"
                ) from error
        self._compiled: OrderedDict[tuple[int, ...], Any] = OrderedDict()

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        batch = images.contiguous().numpy()
        if batch.shape not in self._compiled:
            self._graph.reshape(batch.shape)
            settings = {
                "INFERENCE_NUM_THREADS": torch.get_num_threads(),
                "INFERENCE_PRECISION_HINT": "f32",
                "PERFORMANCE_HINT": "LATENCY",
            }
            self._compiled[batch.shape] = self._core.compile_model(self._graph, "CPU", settings)
            if len(self._compiled) > KEPT:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(batch.shape)
        (logits,) = self._compiled[batch.shape](batch).values()
        return torch.from_numpy(logits.copy())


def import_openvino(device: str) -> Any:
    """Import OpenVINO.

    Args:
        device: Torch device.

    Returns:
        The module.

    Raises:
        ModelError: OpenVINO is not installed.
        OptionError: OpenVINO does not run on the device.
    """
    try:
        import openvino
    except ImportError:
        raise ModelError(f"the backend openvino is not installed: {INSTALL}") from None
    if device != "cpu":
        raise OptionError(
            f"the backend openvino runs only on the CPU, not on '{device}'; leave out one of them"
        )
    return openvino


@contextmanager
def _root_logger_kept() -> Iterator[None]:
    """Restore the root logger after a conversion, which would otherwise hide later warnings."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    try:
        yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers
