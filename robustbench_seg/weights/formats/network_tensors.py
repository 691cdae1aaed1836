"""Finds the tensors of a network in a file: the whole network, or an error."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from robustbench_seg.errors import WeightsError
from robustbench_seg.weights.formats.prefixes import AVERAGE, prefixes_of, under, unwrapped
from robustbench_seg.weights.formats.registry import (
    CLASSIFIERS,
    FORMATS,
    TRAINING_ONLY,
    Format,
    classes_of,
    recognise,
)
from robustbench_seg.weights.formats.renaming import Tensors, without

COUNTER = "num_batches_tracked"
"""The counter of training steps in torch's BatchNorm; it is not a weight and not in every file."""

Shapes = Mapping[str, torch.Size]
"""Maps the names of a network's tensors to their shapes. The file decides the number of classes."""

MARKER = "|".join(f"(?:{each.marker})" for each in FORMATS)


@dataclass(frozen=True)
class NetworkTensors:
    """The tensors of a file that belong to the network.

    Attributes:
        tensors: Tensors, named and shaped as in this package.
        format: The format in which they were published. None: that of this package.
        prefix: The prefix of their names in the file.
        note: What the user should know about the choice, or "".
    """

    tensors: Tensors
    format: Format | None
    prefix: str = ""
    note: str = ""


def find_network(tensors: Tensors, shapes: Shapes | None, path: Path) -> NetworkTensors:
    """Find the network among the tensors of a file.

    A network is found under a prefix if all names and shapes match. Equal networks count as one. A
    network is preferred to its moving average (EMA), because the training reports its scores.

    Args:
        tensors: The file's tensors.
        shapes: Shapes of the network's tensors. None: any network with a classifier.
        path: The file, for errors.

    Returns:
        The network. If there is none, the tensors that match it best.

    Raises:
        WeightsError: There are several networks and no reason to prefer one.
    """
    tensors = unwrapped(tensors)
    prefixes = prefixes_of(tensors, MARKER, shapes or {})
    candidates = [_candidate(tensors, prefix, shapes or {}) for prefix in prefixes]
    whole = [each for each in candidates if _is_whole(each.tensors, shapes)]
    if not whole:
        return max(candidates, key=lambda each: _count_fitting(each.tensors, shapes or {}))
    distinct: list[NetworkTensors] = []
    for each in whole:
        if not any(_equal(each.tensors, other.tensors, shapes) for other in distinct):
            distinct.append(each)
    preferred = [each for each in distinct if not AVERAGE.search(each.prefix)] or distinct
    if len(preferred) > 1:
        raise WeightsError(
            f"{path}: contains {len(preferred)} different networks, under "
            f"{', '.join(repr(each.prefix) for each in preferred)}; save the tensors of the "
            "network to evaluate to a separate file"
        )
    return _without_other_modules(preferred[0], tensors, shapes)


def _candidate(tensors: Tensors, prefix: str, shapes: Shapes) -> NetworkTensors:
    inside = without(under(tensors, prefix, shapes), *TRAINING_ONLY)
    foreign = recognise(inside)
    return NetworkTensors(foreign.convert(inside) if foreign else inside, foreign, prefix)


def _is_whole(tensors: Tensors, shapes: Shapes | None) -> bool:
    if shapes is None:
        return classes_of(tensors) is not None
    return _count_fitting(tensors, shapes) == len(shapes)


def _count_fitting(tensors: Tensors, shapes: Shapes) -> int:
    return sum(_fits(name, tensors.get(name), shape) for name, shape in shapes.items())


def _fits(name: str, tensor: Tensor | None, shape: torch.Size) -> bool:
    if tensor is None:
        return name.endswith(COUNTER)
    first = int(name.rpartition(".")[0] in CLASSIFIERS and tensor.ndim > 0)
    return tensor.ndim == len(shape) and tensor.shape[first:] == shape[first:]


def _equal(one: Tensors, other: Tensors, shapes: Shapes | None) -> bool:
    names = [n for n in (one if shapes is None else shapes) if not n.endswith(COUNTER)]
    return all(n in one and n in other and torch.equal(one[n], other[n]) for n in names)


def _without_other_modules(
    network: NetworkTensors, tensors: Tensors, shapes: Shapes | None
) -> NetworkTensors:
    """Remove the tensors of other modules from the network, and note them."""
    notes = []
    if AVERAGE.search(network.prefix):
        notes.append("it contains only a moving average of the weights (EMA), which is used")
    outside = [name for name in tensors if not name.startswith(network.prefix)]
    modules = {name.partition(".")[0] for name in shapes or network.tensors}
    # Numbers count consecutive layers. A deeper network has more of them, so it does not fit.
    others = [
        name
        for name in network.tensors
        if not (name.partition(".")[0] in modules or re.match(r"\d+\.", name))
    ]
    if outside or others:
        notes.append(_unused_text([*outside, *(network.prefix + name for name in others)], network))
    own = {name: tensor for name, tensor in network.tensors.items() if name not in set(others)}
    return NetworkTensors(own, network.format, network.prefix, "; ".join(notes))


def _unused_text(names: list[str], network: NetworkTensors) -> str:
    firsts = sorted({name.removeprefix(network.prefix).partition(".")[0] for name in names})
    some = ", ".join(firsts[:4]) + (", ..." if len(firsts) > 4 else "")
    which = f"the network under '{network.prefix}' is used; " if network.prefix else ""
    count = f"{len(names)} tensors outside" if len(names) > 1 else "1 tensor outside"
    verb = "are" if len(names) > 1 else "is"
    return f"{which}{count} the network {verb} not used ({some})"
