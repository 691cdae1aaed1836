"""Under which prefixes a network's tensors may lie among the tensors of a training.

Lightning, DataParallel, torch.compile, FSDP and a training's own classes put segments into names:
"model.", "module.", "backbone._orig_mod.". A prefix stands before the network's own name of a
tensor, whatever it is called. Segments in the middle of a name are left out.
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
    """Leave out the segments of wrappers.

    Args:
        tensors: The checkpoint's tensors.

    Returns:
        Tensors by their new names. Two of one new name keep their old ones.
    """
    counts = Counter(WRAPPERS.sub("", name) for name in tensors)
    return {
        plain if counts[plain := WRAPPERS.sub("", name)] == 1 else name: tensor
        for name, tensor in tensors.items()
    }


def prefixes_of(names: Iterable[str], marker: str, keys: Collection[str]) -> list[str]:
    """List the prefixes under which a network may lie.

    Args:
        names: Names of the checkpoint's tensors.
        marker: Regular expression for the whole name of a tensor that shows a network of another
            project.
        keys: Names of the network's own tensors.

    Returns:
        Prefixes, the shortest first. "" is always one.
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
    """Take the tensors under a prefix, by the rest of their names.

    Args:
        tensors: The checkpoint's tensors.
        prefix: The prefix.
        keys: Names of the network's own tensors. Segments that none of them has are left out
            where that gives one of them, which no other tensor is called.

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
    """The name without segments of others, but for the last one, which says what a tensor is."""
    *parts, last = name.split(".")
    return ".".join([part for part in parts if part in segments] + [last])
