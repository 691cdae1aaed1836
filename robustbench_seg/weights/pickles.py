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


CONTAINERS: list[Any] = [
    (lambda *items: [], "collections.deque"),
    (lambda *items: {}, "collections.defaultdict"),
]
"""What checkpoints hold beside tensors that torch fills only as a list or a dict."""


class _Ignored:
    """Takes whatever an object's pickle does to it, and keeps nothing."""

    def __init__(self, *arguments: object, **options: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


def read_pickle(path: Path) -> Mapping[str, Tensor]:
    """Read the network's tensors from a file of torch.save.

    Args:
        path: The file.

    Returns:
        Name in the file -> tensor.

    Raises:
        WeightsError: There are no tensors, or only inside objects that torch would have to make by
            code of the file.
        Exception: The file is broken: whatever torch.load raises.
    """
    with warnings.catch_warnings(), safe_globals([*NUMPY_SCALARS, *CONTAINERS]):
        warnings.simplefilter("ignore")  # TorchScript's, whose error says the same
        foreign = _foreign(path)
        stand_ins: list[Any] = [(type("Ignored", (_Ignored,), {}), name) for name in foreign]
        with safe_globals(stand_ins):
            try:
                content: Any = torch.load(path, map_location="cpu", weights_only=True)
            except (pickle.UnpicklingError, TypeError, AttributeError, ValueError) as error:
                if not foreign or "GLOBAL" in str(error):  # one that torch blocks, by its name
                    raise
                raise _refused(path, foreign) from None
    inside = content
    for _ in STATE_KEYS:  # as deep as trainings nest them; a file may hold itself
        if not isinstance(inside, Mapping):
            break
        inside = next((inside[key] for key in STATE_KEYS if _holds(inside.get(key))), inside)
    if isinstance(inside, _Ignored):
        raise _refused(path, foreign)
    if not isinstance(content, Mapping):
        raise WeightsError(f"{path}: no weights: holds a {type(content).__name__}, not tensors")
    tensors = {str(k): value for k, value in inside.items() if isinstance(value, Tensor)}
    if not tensors:
        raise WeightsError(
            f"{path}: no weights: there is no tensor in it, but {_few(content)}; they are looked "
            f"for under {', '.join(STATE_KEYS)}"
        )
    return tensors


def _holds(value: object) -> bool:
    return isinstance(value, Mapping | _Ignored)


def _refused(path: Path, foreign: list[str]) -> WeightsError:
    return WeightsError(
        f"{path}: refused: reading it would call or make {foreign[0]}, which is neither a tensor "
        "nor plain data; get the weights alone, as a state dict or safetensors"
    )


def _foreign(path: Path) -> list[str]:
    """The names of what the file would call or make, beside what is admitted."""
    try:
        return sorted(get_unsafe_globals_in_checkpoint(path))
    except (ValueError, RuntimeError, OSError, pickle.UnpicklingError, EOFError):
        return []  # of before PyTorch 1.6, or broken: reading it says so


def _few(content: Mapping[Any, Any]) -> str:
    names = [str(name) for name in content]
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
