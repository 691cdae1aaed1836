"""What the conversions of weight files share: tensors by name, and rules that rename them."""

import re
from collections.abc import Callable, Mapping

from torch import Tensor

Tensors = Mapping[str, Tensor]
Rules = tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...]
"""(regular expression, replacement), applied to a name one after the other."""


def without(tensors: Tensors, *prefixes: str) -> Tensors:
    """The tensors whose name begins with none of these."""
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(prefixes)}


def rename(tensors: Tensors, rules: Rules) -> Tensors:
    """The same tensors, each by its new name."""
    renamed = {}
    for name, tensor in tensors.items():
        for pattern, replacement in rules:
            name = re.sub(pattern, replacement, name)
        renamed[name] = tensor
    return renamed


def renumber(template: str, by: int) -> Callable[[re.Match[str]], str]:
    """`template`, its {} filled with the matched index plus `by`: counted from 1 or from 0."""
    return lambda match: template.format(int(match[1]) + by)
