"""What torch.save has written: the network's tensors, whatever else a training keeps beside them.

No code of a file runs. What it holds beside tensors and plain data, such as the history of a loss,
is made of an inert class in place of its own; what torch blocks altogether is refused.
"""

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

from robustbench_seg.errors import WeightsError

STATE_KEYS = (
    *("state_dict", "model_state", "model", "model_state_dict"),
    *("module", "net", "network", "model_ema"),
)
"""Under which of its keys a training checkpoint keeps the network's tensors."""

_scalar = np.float64().__reduce__()[0]
NUMPY_SCALARS: list[Any] = [
    (_scalar, "numpy._core.multiarray.scalar"),
    (_scalar, "numpy.core.multiarray.scalar"),
    np.dtype,
    *{type(np.dtype(code)) for code in "?" + np.typecodes["AllInteger"] + np.typecodes["AllFloat"]},
]
"""What checkpoints hold beside tensors, such as a best score: harmless when unpickled. NumPy 1
called the first by the second name. In a file from before PyTorch 1.6 nothing else is passed over.
"""


class _Ignored:
    """Takes whatever an object's pickle does to it, and keeps nothing."""

    def __init__(self, *arguments: object, **options: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass

    def __setitem__(self, key: object, value: object) -> None:
        pass

    def append(self, value: object) -> None:
        """See the class."""

    def extend(self, values: object) -> None:
        """See the class."""


def read_pickle(path: Path) -> dict[str, Tensor]:
    """The network's tensors by their names in the file.

    Raises WeightsError where there are none, and whatever torch.load does.
    """
    with warnings.catch_warnings(), safe_globals(NUMPY_SCALARS):
        warnings.simplefilter("ignore")  # TorchScript's, whose error says the same
        with safe_globals(_stand_ins(path)):
            content: Any = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(content, Mapping):
        raise WeightsError(f"{path}: no weights: holds a {type(content).__name__}, not tensors")
    inside = content
    while inner := [inside[k] for k in STATE_KEYS if isinstance(inside.get(k), Mapping)]:
        inside = inner[0]
    tensors = {str(k): value for k, value in inside.items() if isinstance(value, Tensor)}
    if not tensors:
        raise WeightsError(
            f"{path}: no weights: there is no tensor in it, but {_few(content)}; they are looked "
            f"for under {', '.join(STATE_KEYS)}"
        )
    return tensors


def _stand_ins(path: Path) -> list[Any]:
    """For each name that the file would call or make and that is not admitted, an inert class."""
    try:
        foreign = get_unsafe_globals_in_checkpoint(path)
    except (ValueError, RuntimeError, OSError, pickle.UnpicklingError, EOFError):
        return []  # of before PyTorch 1.6, or broken: reading it says so
    return [(type("Ignored", (_Ignored,), {}), name) for name in foreign]


def _few(content: Mapping[Any, Any]) -> str:
    names = [str(name) for name in content]
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
