"""Models that need no card: one file for each prefix of MODEL_FORMS, with a function `load`.

The file of a prefix has its name: onnx.py loads `onnx:FILE`. It is imported on demand, so that
libraries for one kind of model do not slow down the others.
"""

import importlib
from collections.abc import Callable
from typing import cast

from robustbench_seg.records.cards.model_forms import MODEL_FORMS
from robustbench_seg.segmenter.adapters.python_models.python_objects import segmenter_of
from robustbench_seg.segmenter.options import SegmenterOptions
from robustbench_seg.segmenter.segmenter import Segmenter

__all__ = ["adapter", "segmenter_of"]


def adapter(prefix: str) -> Callable[[str, SegmenterOptions], Segmenter]:
    """Import the function that loads a kind of model.

    Args:
        prefix: One of MODEL_FORMS.

    Returns:
        A function that maps a location and options to a segmenter.
    """
    assert prefix in MODEL_FORMS, prefix
    module = importlib.import_module(f"{__name__}.{prefix}")
    return cast(Callable[[str, SegmenterOptions], Segmenter], module.load)
