"""The library that runs the network of a card: torch, ONNX Runtime or OpenVINO."""

import logging
import tempfile
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from torch import nn

from robustbench_seg.errors import ModelError, OptionError
from robustbench_seg.records.runs.segmenter_record import SegmenterRecord
from robustbench_seg.records.values.choices import BACKENDS, Backend
from robustbench_seg.segmenter.adapters.programs.onnx_export import import_exporter, write_graph
from robustbench_seg.segmenter.adapters.programs.onnx_network import OnnxNetwork, import_onnxruntime
from robustbench_seg.segmenter.described_network import DescribedNetwork
from robustbench_seg.segmenter.inference.folding import FOLDING_LAW, fold
from robustbench_seg.segmenter.loading.openvino_network import OpenVinoNetwork, import_openvino
from robustbench_seg.segmenter.segmenter_options import SegmenterOptions
from robustbench_seg.segmenter.stored_predictions import EvaluatedModel

log = logging.getLogger(__name__)

_FOLDING = "folding"
_ONNX = "the backend onnxruntime"


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


def backend_of(segmenter: EvaluatedModel) -> Backend:
    """Return the backend that runs the network of a card; torch for a model without a backend."""
    runtime = segmenter.record.runtime if segmenter.about.card else None
    return next((backend for backend in BACKENDS if backend == runtime), "torch")


def takes_backends(segmenter: EvaluatedModel) -> bool:
    """Whether every backend could run a model: the network of a card, which is not adapted."""
    record, is_of_card = segmenter.record, segmenter.about.card is not None
    return is_of_card and record.runtime in BACKENDS and record.adaptation is None


def with_backend(record: SegmenterRecord, backend: Backend) -> SegmenterRecord:
    """Record the backend of a network.

    Args:
        record: Record of a card's network, with or without a backend.
        backend: The backend; not "auto".

    Returns:
        The record of the network with this backend.
    """
    laws = {name: version for name, version in record.laws.items() if name != _FOLDING}
    if backend == "torch":  # each backend rounds sums differently; with torch the folding decides
        laws[_FOLDING] = FOLDING_LAW
    return replace(record, runtime=backend, laws=laws)


def check_backend(options: SegmenterOptions) -> None:
    """Check that a backend is available and supports the other options, without a network.

    Args:
        options: How the network runs. The backend "auto" always supports them.

    Raises:
        ModelError: The backend is not installed.
        OptionError: The backend does not run on the device or in the precision, or cannot adapt.
    """
    backend, precision = options.backend, options.precision
    if backend in ("auto", "torch"):
        return
    if options.adapt is not None:
        raise OptionError(
            f"the backend {backend} cannot adapt a network; leave out backend or adapt"
        )
    if precision not in ("float32", "int8"):
        raise OptionError(
            f"the backend {backend} computes in float32; leave out backend or precision"
        )
    if backend == "openvino":
        import_openvino(options.device)
    else:
        import_onnxruntime(options.device, _ONNX)
        import_exporter()


def prepare_for_backend(options: SegmenterOptions, described: DescribedNetwork) -> DescribedNetwork:
    """Prepare a network for the backend that runs it.

    The function may change the network in place, so nothing else may use it. The graph for
    ONNX Runtime or OpenVINO is exported at each start, which takes about ten seconds. These round
    sums differently from torch, so the record names them.

    Args:
        options: The backend ("auto": see `automatic_backend`), device and precision.
        described: A network of `architectures`.

    Returns:
        The module that runs the network. The backend is added to the record and the facts.

    Raises:
        ModelError: The backend is not installed, or cannot run this network.
        OptionError: The backend does not run on the device or in the precision, or cannot adapt.
    """
    check_backend(options)
    network = described.network
    if options.adapt is not None:
        network.requires_grad_(False)
        return described  # folding merges BatchNorm away
    if options.backend == "auto":
        return _prepare_for_quickest(options, described)
    if options.backend == "torch":
        record = with_backend(described.record, "torch")
        return DescribedNetwork(fold(network), record, described.about)
    return run_in(options.backend, described, options.device)


def run_in(
    backend: Backend, described: DescribedNetwork, device: str, graph: Path | None = None
) -> DescribedNetwork:
    """Run a network in ONNX Runtime or OpenVINO.

    Args:
        backend: "onnxruntime" or "openvino".
        described: A network of `architectures`.
        device: Torch device.
        graph: A graph in ONNX that runs in place of the network, such as the quantised network.
            None: the network itself.

    Returns:
        The module that runs the network. The backend is added to the record and the facts.

    Raises:
        ModelError: The backend is not installed, or cannot run this network.
        OptionError: The backend does not run on the device.
    """
    running = _running(backend, graph or described.network, device)
    libraries = {**described.about.libraries, backend: running.version}
    about = replace(described.about, libraries=libraries)
    return DescribedNetwork(running, with_backend(described.record, backend), about)


def _running(
    backend: Backend, network: nn.Module | Path, device: str
) -> OnnxNetwork | OpenVinoNetwork:
    """Open a network, or its graph in ONNX, in ONNX Runtime or OpenVINO."""
    if backend == "openvino":
        return OpenVinoNetwork(network, device)
    if isinstance(network, Path):
        return OnnxNetwork(network, device, where=_ONNX, advice="try another backend")
    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder) / "network.onnx"
        write_graph(network, graph)
        return _running(backend, graph, device)


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
