"""Models that need no card, by what stands before the colon of their names: one file a kind."""

from collections.abc import Callable, Mapping

from robustbench_seg.segmenter.adapters.huggingface import load_huggingface
from robustbench_seg.segmenter.adapters.onnx import load_onnx
from robustbench_seg.segmenter.adapters.python import load_python, segmenter_of
from robustbench_seg.segmenter.assembly import Options
from robustbench_seg.segmenter.segmenter import Segmenter

__all__ = ["ADAPTERS", "segmenter_of"]

ADAPTERS: Mapping[str, Callable[[str, Options], Segmenter]] = {
    "hf": load_huggingface,
    "onnx": load_onnx,
    "python": load_python,
}
"""hf:LOCATION, onnx:LOCATION, python:LOCATION: what loads the location."""
