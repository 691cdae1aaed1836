"""Finds the network's tensors in a file of torch.save.

Everything else in a file besides tensors and plain data, such as a loss history or a configuration
object, is ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from robustbench_seg.errors import WeightsError
from robustbench_seg.text import first_items
from robustbench_seg.weights.readers.pickle_reader import Record
from robustbench_seg.weights.readers.torch_files import StoredTensor, open_torch_file, refused

STATE_KEYS = (
    "state_dict",
    "model_state",
    "model",
    "model_state_dict",
    "module",
    "net",
    "network",
)
"""Keys under which a training checkpoint stores the network's tensors."""

AVERAGE_KEYS = (
    "model_ema",
    "state_dict_ema",
    "ema_state_dict",
    "model_ema_state_dict",
    "ema_model",
    "ema",
)
"""Keys under which it stores a moving average of them, which is used only without other tensors."""

MAX_DEPTH = 6
"""Maximum nesting of these keys; a file may contain itself."""


@dataclass(frozen=True)
class TorchCheckpoint:
    """The network in a training checkpoint.

    Attributes:
        tensors: Maps names in the file to tensors.
        classes: Names of the classes, if the file has them.
        remark: A note for the user about which tensors are used, or "".
        prefix: The key of the tensors and a dot, if they are a moving average.
    """

    tensors: Mapping[str, Tensor]
    classes: tuple[str, ...] | None = None
    remark: str = ""
    prefix: str = ""


def read_torch_checkpoint(path: Path) -> TorchCheckpoint:
    """Read the network's tensors from a file of torch.save.

    Args:
        path: The file.

    Returns:
        The tensors, and what the file states about them.

    Raises:
        WeightsError: There are no tensors, or only inside objects that would need code of the file.
        Exception: The file is damaged. The type is undefined.
    """
    file = open_torch_file(path)
    content = _items(file.content)
    if content is None:
        raise _without_tensors(path, file.content)
    seen = {id(content)}
    averages = [key for key in AVERAGE_KEYS if _items(content.get(key))]
    tensors = _find(content, seen)
    remark = prefix = ""
    if all(name.partition(".")[0] in averages for name in tensors) and len(averages) == 1:
        prefix = f"{averages[0]}."
        tensors = _find(_items(content[averages[0]]) or {}, {id(content)})
        remark = "it contains only a moving average of the weights (EMA), which is used"
    elif averages and not any(name.partition(".")[0] in averages for name in tensors):
        remark = (
            f"the moving average of the weights (EMA) under '{averages[0]}' is not used; to "
            "evaluate it, save it to a separate file"
        )
    if not tensors:
        raise _without_tensors(path, file.content)
    return TorchCheckpoint(file.read_tensors(tensors), _classes(content), remark, prefix)


def _find(content: Mapping[Any, Any], seen: set[int], depth: int = 0) -> Mapping[str, StoredTensor]:
    """The tensors under the only key of STATE_KEYS that has some, otherwise all tensors."""
    inside = []
    for key in STATE_KEYS:
        items = _items(content.get(key))
        if items and id(items) not in seen and depth < MAX_DEPTH:
            seen.add(id(items))
            inside.append(_find(items, seen, depth + 1))
    inside = [tensors for tensors in inside if tensors]
    return inside[0] if len(inside) == 1 else _flattened(content, {id(content)})


def _flattened(
    content: Mapping[Any, Any], seen: set[int], depth: int = 0
) -> Mapping[str, StoredTensor]:
    """All tensors except an optimiser's; names in nested dicts begin with the key and a dot."""
    tensors = {}
    for key, value in content.items():
        if isinstance(value, StoredTensor):
            tensors[str(key)] = value
            continue
        items = _items(value)
        if not items or not isinstance(key, str) or "optim" in key.lower():
            continue
        if id(items) not in seen and depth < MAX_DEPTH:
            seen.add(id(items))
            found = _flattened(items, seen, depth + 1)
            tensors |= {f"{key}.{name}": tensor for name, tensor in found.items()}
    return tensors


def _items(value: Any) -> Mapping[Any, Any] | None:
    """The items of a dict or of an object that is like a dict."""
    if isinstance(value, Record):
        return value.items or None
    return value if isinstance(value, dict) else None


def _without_tensors(path: Path, content: Any) -> WeightsError:
    """The error for a file without tensors; it names objects that may contain them."""
    items = _items(content)
    values = [content] if items is None else [items.get(k) for k in (*STATE_KEYS, *AVERAGE_KEYS)]
    hidden = next((value for value in values if isinstance(value, Record)), None)
    if hidden:
        return refused(path, hidden.kind)
    if items is None:
        kind = "Tensor" if isinstance(content, StoredTensor) else type(content).__name__
        return WeightsError(f"{path}: no weights: it contains a {kind}, not tensors by name")
    keys = first_items([str(key)[:40] for key in items], 4)
    return WeightsError(
        f"{path}: no weights: it contains no tensor, but {keys}; save the tensors under one of the "
        f"keys {', '.join(STATE_KEYS)}"
    )


def _classes(content: Mapping[Any, Any]) -> tuple[str, ...] | None:
    """The names of the classes, from the keys of OpenMMLab's old and new libraries."""
    meta = _items(content.get("meta")) or {}
    for place in (meta.get("dataset_meta"), content.get("dataset_meta"), meta):
        items = _items(place) or {}
        for key in ("classes", "CLASSES"):
            names = items.get(key)
            if isinstance(names, list | tuple) and names and all(isinstance(n, str) for n in names):
                return tuple(names)
    return None
