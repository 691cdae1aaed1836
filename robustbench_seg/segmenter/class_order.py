"""The order of a weight file's classes, where it names them, and that of the card."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from robustbench_seg.errors import ModelError
from robustbench_seg.segmenter.assembly import known_as
from robustbench_seg.weights import Weights, reorder_classes

log = logging.getLogger(__name__)

CLASS_ORDER_LAW = 1
"""Raised whenever classes are ordered otherwise."""


def in_order(weights: Weights, names: Sequence[str], card: str) -> tuple[Weights, bool]:
    """Order the classifier of a weight file as its card orders classes.

    Args:
        weights: The weights.
        names: Names of the card's classes.
        card: Name of the card, for errors.

    Returns:
        The weights, and whether their order has changed. Weights that name no classes, or have
        another number of them, are returned as they are.

    Raises:
        ModelError: The file names other classes.
    """
    given = weights.classes
    if given is None or weights.num_classes != len(names):
        return weights, False
    if len(given) == len(names) and known_as(given, names) == tuple(names):
        return weights, False
    order = [_place(name, given) for name in names]
    if len(given) != len(names) or None in order or len(set(order)) != len(order):
        lacking = [name for name, place in zip(names, order, strict=True) if place is None]
        raise ModelError(
            f"{weights.path} names {len(given)} classes that are not those of {card}"
            + (f" (it lacks {lacking[0]})" if lacking else "")
            + "; choose the card that the file belongs to, or write one with its class_names"
        )
    log.warning(
        "note: %s orders its classes otherwise than %s (its first is %s); they are put in order",
        *(weights.path, card, given[0]),
    )
    return reorder_classes(weights, [place for place in order if place is not None]), True


def _place(name: str, given: Sequence[str]) -> int | None:
    """The place of a class among a file's names; None where no single one means it."""
    spelled = [place for place, other in enumerate(given) if _plain(other) == _plain(name)]
    alike = spelled or [p for p, other in enumerate(given) if known_as([other], [name]) == (name,)]
    return alike[0] if len(alike) == 1 else None


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", " ").replace("-", " ")
