"""The network's tensors in a file of torch.save, among what else a training keeps beside them.

What a file holds beside tensors and plain data, such as the history of a loss or a configuration
of a class of its own, is passed over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from robustbench_seg.errors import WeightsError
from robustbench_seg.weights.opcodes import Record
from robustbench_seg.weights.torch_files import StoredTensor, open_torch_file, refused

STATE_KEYS = (
    *("state_dict", "model_state", "model", "model_state_dict"),
    *("module", "net", "network"),
)
"""Under which of its keys a training checkpoint keeps the network's tensors."""

AVERAGE_KEYS = (
    *("model_ema", "state_dict_ema", "ema_state_dict", "model_ema_state_dict"),
    *("ema_model", "ema"),
)
"""Under which of its keys it keeps a moving average of them, used where there is nothing else."""

MAX_DEPTH = 6
"""How deeply trainings nest them; a file may hold itself."""


@dataclass(frozen=True)
class Checkpoint:
    """What a training checkpoint says about its network.

    Attributes:
        tensors: Name in the file -> tensor.
        classes: Names of the classes, where the file has them.
        remark: A note for the user about which tensors are used, or "".
    """

    tensors: Mapping[str, Tensor]
    classes: tuple[str, ...] | None = None
    remark: str = ""


def read_pickle(path: Path) -> Checkpoint:
    """Read the network's tensors from a file of torch.save.

    Args:
        path: The file.

    Returns:
        The tensors, and what the file says about them.

    Raises:
        WeightsError: There are no tensors, or only inside objects that code of the file would have
            to make.
        Exception: The file is damaged. The kind is not defined.
    """
    file = open_torch_file(path)
    content = _items(file.content)
    if content is None:
        raise _without_tensors(path, file.content)
    found = _find(content, STATE_KEYS)
    averages = [key for key in AVERAGE_KEYS if _items(content.get(key))]
    remark = ""
    if found is None:
        found = _find(content, (*STATE_KEYS, *AVERAGE_KEYS))
        remark = "it holds a moving average of the weights (EMA) only, which is used"
    elif averages:
        remark = (
            f"the moving average of the weights (EMA) under '{averages[0]}' is not used; to "
            "evaluate it, save it to a file of its own"
        )
    if found is None:
        raise _without_tensors(path, file.content)
    return Checkpoint(file.read_tensors(found), _classes(content), remark)


def _find(
    content: Mapping[Any, Any], keys: tuple[str, ...], depth: int = 0
) -> dict[str, StoredTensor] | None:
    """The tensors under one of the keys, at some depth, or of the content itself."""
    for key in keys:
        inside = _items(content.get(key))
        if inside and depth < MAX_DEPTH and (found := _find(inside, keys, depth + 1)):
            return found
    tensors = {str(k): value for k, value in content.items() if isinstance(value, StoredTensor)}
    return tensors or None


def _items(value: Any) -> Mapping[Any, Any] | None:
    """The items of a dict or of an object that is a kind of dict."""
    if isinstance(value, Record):
        return value.items or None
    return value if isinstance(value, dict) else None


def _without_tensors(path: Path, content: Any) -> WeightsError:
    """The error for a file without tensors, which names what they may be hidden in."""
    items = _items(content)
    values = [content] if items is None else [items.get(k) for k in (*STATE_KEYS, *AVERAGE_KEYS)]
    hidden = next((value for value in values if isinstance(value, Record)), None)
    if hidden:
        return refused(path, hidden.kind)
    if items is None:
        kind = "Tensor" if isinstance(content, StoredTensor) else type(content).__name__
        return WeightsError(f"{path}: no weights: holds a {kind}, not tensors by name")
    return WeightsError(
        f"{path}: no weights: there is no tensor in it, but {_few(items)}; they are looked "
        f"for under {', '.join(STATE_KEYS)}"
    )


def _classes(content: Mapping[Any, Any]) -> tuple[str, ...] | None:
    """The names of the classes, where OpenMMLab's old and new libraries write them."""
    meta = _items(content.get("meta")) or {}
    for place in (meta.get("dataset_meta"), content.get("dataset_meta"), meta):
        items = _items(place) or {}
        for key in ("classes", "CLASSES"):
            names = items.get(key)
            if isinstance(names, list | tuple) and names and all(isinstance(n, str) for n in names):
                return tuple(names)
    return None


def _few(content: Mapping[Any, Any]) -> str:
    names = [str(name)[:40] for name in content]
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
