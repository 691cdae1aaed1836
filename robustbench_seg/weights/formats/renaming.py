"""Tensors by name, and rules that rename them, for all conversions of weight files."""

import re
from collections.abc import Callable, Mapping

from torch import Tensor

Tensors = Mapping[str, Tensor]
Rules = tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...]
"""Pairs of regular expression and replacement, applied to a name in this order."""


def without(tensors: Tensors, *prefixes: str) -> Tensors:
    """Drop tensors by prefixes of their names.

    Args:
        tensors: Maps names to tensors.
        prefixes: Prefixes of the names to drop.

    Returns:
        The other tensors.
    """
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(prefixes)}


def rename(tensors: Tensors, rules: Rules) -> Tensors:
    """Rename tensors.

    Args:
        tensors: Maps names to tensors.
        rules: Replacements, applied to each name in this order.

    Returns:
        Maps new names to tensors.
    """
    renamed = {}
    for name, tensor in tensors.items():
        for pattern, replacement in rules:
            name = re.sub(pattern, replacement, name)
        renamed[name] = tensor
    return renamed


def renumber(template: str, by: int) -> Callable[[re.Match[str]], str]:
    """Make a replacement for names that count from 1 instead of 0, or from 0 instead of 1.

    Args:
        template: The new text, with {} for the number.
        by: The number to add to the matched number.

    Returns:
        A function from the match to the template with the new number.
    """
    return lambda match: template.format(int(match[1]) + by)
