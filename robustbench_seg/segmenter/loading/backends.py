"""The library that runs the network of a card: torch, ONNX Runtime or OpenVINO."""

import logging
import tempfile
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from torch import nn

from robustbench_seg.errors import ModelError, OptionError
from robustbench_seg.records.runs.segmenter_record import SegmenterRecord
from robustbench_seg.records.values.choices import Backend
from robustbench_seg.segmenter.adapters.programs.onnx_export import write_graph
from robustbench_seg.segmenter.adapters.programs.onnx_network import OnnxNetwork
from robustbench_seg.segmenter.described_network import DescribedNetwork
from robustbench_seg.segmenter.inference.folding import FOLDING_LAW, fold
from robustbench_seg.segmenter.loading.openvino_network import OpenVinoNetwork
from robustbench_seg.segmenter.segmenter_options import SegmenterOptions

log = logging.getLogger(__name__)

_FOLDING = "folding"


def automatic_backend(options: SegmenterOptions) -> Backend:
    """Choose the backend for `auto` and a network of a card.

    Args:
        options: How the network runs.

    Returns:
        OpenVINO for float32 on a CPU, if it is installed; else torch.
    """
    is_plain = options.precision == "float32" and options.adapt is None
    able = is_plain and options.device == "cpu" and find_spec("openvino") is not None
    return "openvino" if able else "torch"


def runs_on_backends(record: SegmenterRecord) -> bool:
    """Whether a record belongs to a network that torch runs now and a runtime could run."""
    return _FOLDING in record.laws


def with_backend(record: SegmenterRecord, backend: Backend) -> SegmenterRecord:
    """Record the backend of a network.

    Args:
        record: Record of a card's network, with or without a backend.
        backend: The backend; not "auto".

    Returns:
        The record of the network with this backend.
    """
    laws = {name: version for name, version in record.laws.items() if name != _FOLDING}
    if backend == "torch":  # each runtime rounds sums differently; with torch the folding decides
        laws[_FOLDING] = FOLDING_LAW
    return replace(record, runtime=backend, laws=laws)


def prepare_for_backend(options: SegmenterOptions, described: DescribedNetwork) -> DescribedNetwork:
    """Prepare a network for the backend that runs it.

    The function may change the network in place, so nothing else may use it. The graph for a
    runtime is exported at each start, which takes about ten seconds. They round sums differently
    from torch, so the record names them.

    Args:
        options: The backend ("auto": see `automatic_backend`), device and precision.
        described: A network of `architectures`.

    Returns:
        The module that runs the network. The backend is added to the record and the facts.

    Raises:
        ModelError: The runtime is not installed, or cannot run this network.
        OptionError: The runtime does not run on the device or in the precision, or cannot adapt.
    """
    network, about = described.network, described.about
    if options.adapt is not None:
        if options.backend not in ("auto", "torch"):
            raise OptionError(
                f"the backend {options.backend} cannot adapt a network; leave out backend or adapt"
            )
        network.requires_grad_(False)
        return described  # folding merges BatchNorm away
    if options.backend == "auto":
        return _prepare_for_quickest(options, described)
    if options.backend == "torch":
        return DescribedNetwork(fold(network), with_backend(described.record, "torch"), about)
    if options.precision != "float32":
        raise OptionError(
            f"the backend {options.backend} computes in float32; leave out backend or precision"
        )
    kind = OpenVinoNetwork if options.backend == "openvino" else _OnnxRuntime
    running = kind(network, options.device)
    libraries = {**about.libraries, options.backend: running.version}
    record = with_backend(described.record, options.backend)
    return DescribedNetwork(running, record, replace(about, libraries=libraries))


def _prepare_for_quickest(
    options: SegmenterOptions, described: DescribedNetwork
) -> DescribedNetwork:
    """See `prepare_for_backend`. torch runs a network that OpenVINO cannot run."""
    chosen = replace(options, backend=automatic_backend(options))
    try:
        return prepare_for_backend(chosen, described)
    except ModelError as error:
        if chosen.backend == "torch":
            raise
        log.info("torch runs the network: %s", error)
        return prepare_for_backend(replace(options, backend="torch"), described)


class _OnnxRuntime(OnnxNetwork):
    """A network in ONNX Runtime: normalised float 1x3xHxW -> float logits 1xKxhxw."""

    advice = "try the backend torch"

    def __init__(self, network: nn.Module, device: str):
        with tempfile.TemporaryDirectory() as folder:
            graph = Path(folder) / "network.onnx"
            write_graph(network, graph)
            super().__init__(graph, device, where="the backend onnxruntime")
