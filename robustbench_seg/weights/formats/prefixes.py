"""The prefixes under which a training may store a network's tensors.

Lightning, DataParallel, torch.compile, FSDP and classes of the training insert segments into names:
"model.", "module.", "backbone._orig_mod.". A prefix is everything before the network's name of a
tensor. Segments in the middle of a name are removed.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable

from robustbench_seg.weights.formats.renaming import Tensors

WRAPPERS = re.compile(
    r"(?:^|(?<=\.))(?:module|_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module"
    r"|_forward_module)\."
)
"""Name parts that torch and Lightning insert. No part of a network has these names."""

AVERAGE = re.compile(r"(^|[._])(ema|swa|avg|averaged?|averaging)([._]|$)")
"""Prefixes of moving averages of a network."""


def unwrapped(tensors: Tensors) -> Tensors:
    """Remove the segments of wrappers from names.

    Args:
        tensors: The checkpoint's tensors.

    Returns:
        Tensors by their new names. Two tensors with the same new name keep their old names.
    """
    counts = Counter(WRAPPERS.sub("", name) for name in tensors)
    return {
        plain if counts[plain := WRAPPERS.sub("", name)] == 1 else name: tensor
        for name, tensor in tensors.items()
    }


def prefixes_of(names: Iterable[str], marker: str, keys: Collection[str]) -> list[str]:
    """List the possible prefixes of a network.

    Args:
        names: Names of the checkpoint's tensors.
        marker: Regular expression for the whole name of a tensor that identifies a network of
            another project.
        keys: Names of the network's own tensors.

    Returns:
        Prefixes, the shortest first. "" is always one of them.
    """
    shown = re.compile(rf"(?P<prefix>(?:.+?\.)??)(?:{marker})")
    segments, modules = _segments(keys), {key.partition(".")[0] for key in keys}
    found = {""}
    for name in names:
        if match := shown.fullmatch(name):
            found.add(match["prefix"])
        parts = name.split(".")
        for start in range(1, len(parts)):
            own = parts[start] in modules
            if own and _without_foreign(".".join(parts[start:]), segments) in keys:
                found.add(".".join(parts[:start]) + ".")
    return sorted(found, key=lambda prefix: (len(prefix), prefix))


def under(tensors: Tensors, prefix: str, keys: Collection[str]) -> Tensors:
    """Return the tensors under a prefix, by the rest of their names.

    Args:
        tensors: The checkpoint's tensors.
        prefix: The prefix.
        keys: Names of the network's own tensors. Segments that none of them has are removed if that
            gives one of these names and no other tensor has it.

    Returns:
        The tensors.
    """
    rest = {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
    segments, modules = _segments(keys), {key.partition(".")[0] for key in keys}
    plain = {
        name: short
        for name in rest
        if name.partition(".")[0] in modules and (short := _without_foreign(name, segments)) in keys
    }
    counts = Counter(plain.values())
    return {plain[n] if counts[plain.get(n, "")] == 1 else n: t for n, t in rest.items()}


def _segments(keys: Iterable[str]) -> set[str]:
    return {segment for key in keys for segment in key.split(".")}


def _without_foreign(name: str, segments: Collection[str]) -> str:
    """Return the name without foreign segments. The last one stays, as it identifies the tensor."""
    *parts, last = name.split(".")
    return ".".join([part for part in parts if part in segments] + [last])
