"""Where a network's tensors lie among the tensors of a training: under which prefix of names.

A network is found by a tensor that only files of its origin have (see formats). Segments that
wrappers put into names (DataParallel, torch.compile, FSDP) are left out wherever they stand.
"""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from robustbench_seg.errors import WeightsError
from robustbench_seg.weights.renaming import Tensors

WRAPPERS = re.compile(
    r"(?:^|(?<=\.))(?:module|_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module"
    r"|_forward_module)\."
)

AVERAGE = re.compile(r"(^|[._])(ema|swa|avg|averaged?)([._]|$)")
"""Prefixes of moving averages of a network."""


def unwrapped(tensors: Tensors, path: Path) -> Tensors:
    """Leave out the segments that wrappers put into names.

    Args:
        tensors: The checkpoint's tensors.
        path: The file, for errors.

    Raises:
        WeightsError: Two tensors then have one name.
    """
    counts = Counter(WRAPPERS.sub("", name) for name in tensors)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise WeightsError(
            f"{path}: two tensors are called {twice[0]}, but for wrappers such as module.; save "
            "one of the two networks to a file of its own"
        )
    return {WRAPPERS.sub("", name): tensor for name, tensor in tensors.items()}


def network_in(
    tensors: Tensors, markers: str, is_whole: Callable[[Tensors], bool], path: Path
) -> tuple[Tensors, str]:
    """Find the network among the tensors of a training.

    Of several networks, one with a classifier goes before one without, and one that is no moving
    average (EMA) before an average.

    Args:
        tensors: The checkpoint's tensors, without wrappers.
        markers: Regular expression for the whole name of a tensor that shows a network.
        is_whole: Function that tells whether a network has a classifier.
        path: The file, for errors.

    Returns:
        The network's tensors without their prefix, and a note for the user, or "". Where no marker
        matches, all tensors.

    Raises:
        WeightsError: There are several networks and no reason to take one of them.
    """
    marker = re.compile(rf"(?P<prefix>(?:.+?\.)??)(?:backbone\.)?(?:{markers})")
    prefixes = sorted({m["prefix"] for name in tensors if (m := marker.fullmatch(name))})
    if not prefixes:
        return tensors, ""
    networks = {prefix: _under(prefix, prefixes, tensors) for prefix in prefixes}
    chosen = prefixes
    for test in (lambda p: is_whole(networks[p]), lambda p: not AVERAGE.search(p)):
        chosen = [prefix for prefix in chosen if len(chosen) > 1 and test(prefix)] or chosen
    if len(chosen) > 1:
        raise WeightsError(
            f"{path}: holds {len(chosen)} networks, under {', '.join(map(repr, chosen))}; save the "
            "one to be evaluated to a file of its own"
        )
    prefix = chosen[0]
    notes = [f"'{other}' holds another network" for other in prefixes if other != prefix]
    if AVERAGE.search(prefix):
        notes.append("it holds a moving average of the weights (EMA) only, which is used")
    used = {f"{prefix}{name}" for name in networks[prefix]}
    if beside := [name for name in tensors if name not in used]:
        notes.append(passed_over(beside))
    return networks[prefix], "; ".join(notes)


def passed_over(names: list[str]) -> str:
    """Describe tensors that are not the network's.

    Args:
        names: Their names, at least one.

    >>> passed_over(["criterion.weight", "val_iou.a", "val_iou.b"])
    '3 tensors beside the network are not used (criterion, val_iou)'
    """
    firsts = sorted({name.partition(".")[0] for name in names})
    some = ", ".join(firsts[:4]) + (", ..." if len(firsts) > 4 else "")
    return f"{len(names)} tensors beside the network are not used ({some})"


def _under(prefix: str, prefixes: list[str], tensors: Tensors) -> Tensors:
    """The tensors under a prefix that are not under a longer one."""
    others = tuple(other for other in prefixes if other != prefix and other.startswith(prefix))
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix) and not name.startswith(others)
    }
