"""A network with its preprocessing and inference mode: image in, label map out."""

from robustbench_seg.segmenter.adapted_segmenter import AdaptedSegmenter, adapt
from robustbench_seg.segmenter.adapters import segmenter_of
from robustbench_seg.segmenter.assembly import Options, assemble, network_record
from robustbench_seg.segmenter.card_export import export_card
from robustbench_seg.segmenter.export import export_onnx
from robustbench_seg.segmenter.float_image import FloatImage, Image
from robustbench_seg.segmenter.given_confidence import no_confidence, no_scaling
from robustbench_seg.segmenter.gradient import DifferentiableSegmenter, no_gradient
from robustbench_seg.segmenter.loading import load_model, load_named, load_segmenter
from robustbench_seg.segmenter.segmenter import (
    ConfidentSegmenter,
    NetworkSegmenter,
    Segmenter,
)
from robustbench_seg.segmenter.stored_predictions import (
    MissingPredictionError,
    StoredPredictions,
)
from robustbench_seg.segmenter.window_gradient import GRADIENT_LAW, Loss

__all__ = [
    "GRADIENT_LAW",
    "AdaptedSegmenter",
    "ConfidentSegmenter",
    "DifferentiableSegmenter",
    "FloatImage",
    "Image",
    "Loss",
    "MissingPredictionError",
    "NetworkSegmenter",
    "Options",
    "Segmenter",
    "StoredPredictions",
    "adapt",
    "assemble",
    "export_card",
    "export_onnx",
    "load_model",
    "load_named",
    "load_segmenter",
    "network_record",
    "no_confidence",
    "no_gradient",
    "no_scaling",
    "segmenter_of",
]
