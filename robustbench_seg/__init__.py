"""robustseg: how robust a segmentation model is to noise, blur, digital damage and weather.

The names below are the whole Python interface. They load on first use, because torch, pandas
and numba together take seconds to import and most commands need only some of them.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robustbench_seg.corruption import corrupt
    from robustbench_seg.datasets import open_dataset
    from robustbench_seg.records.model_card import list_models
    from robustbench_seg.results import read_results
    from robustbench_seg.segmenter import load_model, load_segmenter
    from robustbench_seg.training import train

__version__ = "0.1.0"

__all__ = [
    "corrupt",
    "list_models",
    "load_model",
    "load_segmenter",
    "open_dataset",
    "read_results",
    "train",
]

_ROOM = {
    "corrupt": "corruption",
    "list_models": "records.model_card",
    "load_model": "segmenter",
    "load_segmenter": "segmenter",
    "open_dataset": "datasets",
    "read_results": "results",
    "train": "training",
}


def __getattr__(name: str) -> Any:
    if name in _ROOM:
        return getattr(importlib.import_module(f"{__name__}.{_ROOM[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
