"""The library that runs the network of a card: torch, ONNX Runtime or OpenVINO."""

import tempfile
from dataclasses import replace
from pathlib import Path

from torch import nn

from robustbench_seg.errors import OptionError
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.segmenter.adapters.programs.onnx_export import write_graph
from robustbench_seg.segmenter.adapters.programs.onnx_network import OnnxNetwork
from robustbench_seg.segmenter.inference.folding import FOLDING_LAW, fold
from robustbench_seg.segmenter.loading.openvino_network import OpenVinoNetwork
from robustbench_seg.segmenter.options import SegmenterOptions


def prepare_for_backend(
    options: SegmenterOptions, network: nn.Module, record: SegmenterRecord, about: ModelFacts
) -> tuple[nn.Module, SegmenterRecord, ModelFacts]:
    """Prepare a network for the backend that runs it.

    The function may change the network in place, so the caller gives one that nothing else uses.

    The runtimes take a graph that is exported at each start, in some ten seconds. They round sums
    differently from torch, so the record names them.

    Args:
        options: The backend, device and precision.
        network: A network of `architectures`, in eval mode.
        record: Record of the network.
        about: Facts about the network.

    Returns:
        The module that runs the network, and the record and the facts with the backend added.

    Raises:
        ModelError: The runtime is not installed.
        OptionError: The runtime does not run on the device or in the precision, or cannot adapt.
    """
    if options.adapt is not None:
        if options.backend != "torch":
            raise OptionError(
                f"backend {options.backend} cannot adapt a network; leave out backend or adapt"
            )
        return network.requires_grad_(False), record, about  # folding merges BatchNorm away
    if options.backend == "torch":
        return fold(network), replace(record, laws={**record.laws, "folding": FOLDING_LAW}), about
    if options.precision != "float32":
        raise OptionError(
            f"the backend {options.backend} computes in float32; leave out backend or precision"
        )
    kind = OpenVinoNetwork if options.backend == "openvino" else _OnnxRuntime
    running = kind(network, options.device)
    libraries = {**about.libraries, options.backend: running.version}
    return running, replace(record, runtime=options.backend), replace(about, libraries=libraries)


class _OnnxRuntime(OnnxNetwork):
    """A network in ONNX Runtime: normalised float 1x3xHxW -> float logits 1xKxhxw."""

    advice = "try the backend torch"

    def __init__(self, network: nn.Module, device: str):
        with tempfile.TemporaryDirectory() as folder:
            graph = Path(folder) / "network.onnx"
            write_graph(network, graph)
            super().__init__(graph, device, where="the backend onnxruntime")
