"""Converts a float32 network to a graph of 8-bit integers: static quantisation with ONNX Runtime.

Weights have a scale for each output channel, activations one for each tensor (Jacob et al.,
"Quantization and training of neural networks for efficient integer-arithmetic-only inference", CVPR
2018). The range of an activation is its range on calibration images.

Convolutions and matrix products are quantised, including those of attention. A ReLU after a
convolution is merged into it, because the range after the ReLU matters. Everything else is computed
in float32: softmax, normalisation, GELU, sums and upsampling.
"""

import logging
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from robustbench_seg.errors import ModelError
from robustbench_seg.segmenter.adapters.programs.onnx_export import write_graph
from robustbench_seg.segmenter.adapters.programs.onnx_network import INSTALL

QUANTISATION_LAW = 1
"""Increment when a quantised graph changes."""

CALIBRATION_IMAGES = 32
"""Maximum number of images, evenly spaced in their split, that set the ranges of activations."""

_QUANTISED = ["Clip", "Conv", "Gemm", "MatMul", "Relu"]


def quantiser() -> str:
    """Return the name and the version of the library that quantises.

    Raises:
        ModelError: It is not installed.
    """
    try:
        import onnxruntime.quantization
    except ImportError as error:
        raise ModelError(
            f"precision int8 needs {error.name}, which is not installed: {INSTALL}"
        ) from None
    return f"onnxruntime {onnxruntime.__version__}"


def write_quantised_graph(network: nn.Module, inputs: Iterable[Tensor], path: Path) -> None:
    """Quantise a network.

    Equal inputs give equal bytes.

    Args:
        network: As for `write_graph`.
        inputs: float32 1x3xhxw each, the network's inputs for calibration images. They are read one
            by one.
        path: The path of the graph, which maps float32 1x3xhxw to float32 logits.

    Raises:
        ModelError: A library is not installed.
    """
    quantiser()
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder, _quiet():
        plain, merged = Path(folder) / "plain.onnx", Path(folder) / "merged.onnx"
        write_graph(network, plain)
        # This merges BatchNorm into convolutions. The exporter has already inferred the shapes.
        quant_pre_process(plain, merged, skip_symbolic_shape=True)
        quantize_static(
            merged,
            path,
            _reader(inputs),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=_QUANTISED,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )


def _reader(inputs: Iterable[Tensor]) -> Any:
    """The inputs in the form that ONNX Runtime reads."""
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._inputs = iter(inputs)

        def get_next(self) -> dict[str, Any] | None:
            image = next(self._inputs, None)
            return None if image is None else {"image": image.contiguous().numpy()}

    return Reader()


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the advice to prepare a graph first, which the root logger would show."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
