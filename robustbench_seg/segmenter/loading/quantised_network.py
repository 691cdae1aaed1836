"""The network of a card in 8-bit integers, in the backend of the user's choice."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from robustbench_seg.datasets import Dataset, evenly_spaced
from robustbench_seg.errors import OptionError
from robustbench_seg.files import digest_bytes
from robustbench_seg.records.runs.calibration_record import CalibrationRecord
from robustbench_seg.segmenter.described_network import DescribedNetwork
from robustbench_seg.segmenter.float_image import AnyImage
from robustbench_seg.segmenter.loading.backends import run_in
from robustbench_seg.segmenter.loading.graph_cache import find_graph, graph_key, keep_graph
from robustbench_seg.segmenter.loading.quantisation import (
    CALIBRATION_IMAGES,
    QUANTISATION_LAW,
    quantiser,
    write_quantised_graph,
)
from robustbench_seg.segmenter.segmenter_options import SegmenterOptions

InputsOf = Callable[[AnyImage], Sequence[Tensor]]
"""Maps an image to the inputs of the network, float32 1x3xhxw each."""


def prepare_quantised(
    options: SegmenterOptions, described: DescribedNetwork, inputs_of: InputsOf
) -> DescribedNetwork:
    """Quantise a network for the backend that runs it.

    Args:
        options: The backend and the calibration images.
        described: A network of `architectures`, in float32.
        inputs_of: Prepares the network's inputs for an image.

    Returns:
        The module that runs the network. The record and the facts have backend and calibration.

    Raises:
        OptionError: There are no calibration images.
        DatasetError: One of them cannot be read.
        ModelError: A library is not installed, or cannot run this network.
    """
    data = calibration_images(options)
    places = evenly_spaced(len(data), CALIBRATION_IMAGES)
    calibration = CalibrationRecord(
        dataset=data.name,
        split=data.split,
        images=tuple(data.ids[place] for place in places),
        pixels=_digest(data, places),
        quantiser=quantiser(),
        law=QUANTISATION_LAW,
    )
    inputs = (each for place in places for each in inputs_of(data.image(place)))
    key = graph_key(described.network, described.record, calibration)
    quantised = replace(described, record=replace(described.record, calibration=calibration))
    with tempfile.TemporaryDirectory() as folder:
        graph = find_graph(key)
        if graph is None:
            graph = Path(folder) / "network.onnx"
            write_quantised_graph(described.network, inputs, graph)
            keep_graph(key, graph)
        return run_in(options.backend, quantised, options.device, graph)


def calibration_images(options: SegmenterOptions) -> Dataset:
    """Return the images that calibrate a quantised network.

    Raises:
        OptionError: There are none.
    """
    if options.calibration is None or not len(options.calibration):
        raise OptionError(
            "precision int8 needs calibration images; give calibration, such as the train split"
        )
    return options.calibration


def _digest(data: Dataset, places: Sequence[int]) -> str:
    """Compute the sha256 of the digests of the images' pixels."""
    digests = [digest_bytes(data.image(place).tobytes()) for place in places]
    return digest_bytes("".join(digests).encode())
