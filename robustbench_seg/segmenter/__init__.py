"""A network with its preprocessing and inference mode: image in, label map out."""

from robustbench_seg.segmenter.loading import load_model, load_segmenter
from robustbench_seg.segmenter.segmenter import NetworkSegmenter, Segmenter

__all__ = ["NetworkSegmenter", "Segmenter", "load_model", "load_segmenter"]
