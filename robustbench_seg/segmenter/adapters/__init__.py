"""Models that need no card: one file for each prefix of MODEL_FORMS.

The file of a prefix has its name: onnx.py loads `onnx:FILE`. It is imported on demand, so that
libraries for one kind of model do not slow down the others.
"""

import importlib
from typing import Protocol, cast

from robustbench_seg.records.cards.model_forms import MODEL_FORMS
from robustbench_seg.segmenter.adapters.python_models.python_objects import segmenter_of
from robustbench_seg.segmenter.segmenter_options import SegmenterOptions
from robustbench_seg.segmenter.stored_predictions import EvaluatedModel

__all__ = ["Adapter", "adapter", "segmenter_of"]


class Adapter(Protocol):
    """The file of a prefix.

    Attributes:
        ACCEPTS: Names of the options that its models support.
    """

    ACCEPTS: tuple[str, ...]

    def load(self, location: str, options: SegmenterOptions) -> EvaluatedModel:
        """Load a model from its location, with options that it accepts."""


def adapter(prefix: str) -> Adapter:
    """Import the file that loads a kind of model.

    Args:
        prefix: One of MODEL_FORMS.
    """
    assert prefix in MODEL_FORMS, prefix
    return cast(Adapter, importlib.import_module(f"{__name__}.{prefix}"))
