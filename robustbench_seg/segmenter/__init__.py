"""Segmenters: objects that map an image to labels. segmenter.py defines the interface.

A reader begins with `load_segmenter` in loading/segmenters.py. It chooses by the kind of the model:

* the name of a card: loading/card_segmenter.py. There, networks.py builds the network with its
  weights, and backends.py or quantised_network.py prepares it for the library that runs it.
* a prefix, such as onnx:net.onnx: the function `load` in the file of that name in adapters/, with
  the options that ACCEPTS lists there. The rooms of adapters/ have the parts: programs/ for
  exported, onnx and tflite, transformers/ for hf, and python_models/ for python.
* an object: adapters/python_models/python_objects.py.

Each of them gives a DescribedNetwork to `assemble` (assembly.py), which applies the options
(segmenter_options.py) and returns a NetworkSegmenter. That class prepares an image
(preparation.py), runs the network (inference/) and computes the labels (labelling/). Only callables
(PythonSegmenter) have no network.

predictions:FOLDER is no segmenter: StoredPredictions are files, which an evaluation reads.
"""

from robustbench_seg.segmenter.adapted_segmenter import AdaptedSegmenter, adapt
from robustbench_seg.segmenter.adapters import segmenter_of
from robustbench_seg.segmenter.assembly import assemble
from robustbench_seg.segmenter.capabilities import (
    why_no_confidence,
    why_no_gradient,
    why_no_scaling,
)
from robustbench_seg.segmenter.described_network import DescribedNetwork
from robustbench_seg.segmenter.float_image import AnyImage, FloatImage
from robustbench_seg.segmenter.inference.window_gradient import GRADIENT_LAW
from robustbench_seg.segmenter.loading.card_export import export_card
from robustbench_seg.segmenter.loading.networks import load_model, network_record
from robustbench_seg.segmenter.loading.segmenters import load_named, load_segmenter
from robustbench_seg.segmenter.network_segmenter import NetworkSegmenter
from robustbench_seg.segmenter.segmenter import (
    ConfidentSegmenter,
    DifferentiableSegmenter,
    Segmenter,
)
from robustbench_seg.segmenter.segmenter_options import SegmenterOptions
from robustbench_seg.segmenter.stored_predictions import (
    EvaluatedModel,
    MissingPredictionError,
    StoredPredictions,
)

__all__ = [
    "GRADIENT_LAW",
    "AdaptedSegmenter",
    "AnyImage",
    "ConfidentSegmenter",
    "DescribedNetwork",
    "DifferentiableSegmenter",
    "EvaluatedModel",
    "FloatImage",
    "MissingPredictionError",
    "NetworkSegmenter",
    "Segmenter",
    "SegmenterOptions",
    "StoredPredictions",
    "adapt",
    "assemble",
    "export_card",
    "load_model",
    "load_named",
    "load_segmenter",
    "network_record",
    "segmenter_of",
    "why_no_confidence",
    "why_no_gradient",
    "why_no_scaling",
]
