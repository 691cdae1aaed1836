"""Counts multiply-accumulates from the shapes of the arguments of functions."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


class MacCounter(TorchFunctionMode):
    """Counts the multiply-accumulates of networks on the meta device while it is entered.

    It counts convolutions, matrix products and attention, as torch's FlopCounterMode does. That
    class and most functions of torch on the meta device import torch's compiler and sympy, which
    takes more than a second at each start of an evaluation. This class replaces the functions that
    the architectures call by functions that only return a tensor of the right shape. Other
    functions run unchanged.

    Attributes:
        macs: Number of multiply-accumulates so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self.macs = 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Count a call, and return its result or a tensor of the same shape."""
        named = kwargs or {}
        if func in _MULTIPLYING:
            result, macs = _MULTIPLYING[func](*args, **named)
            self.macs += macs
            return result
        shaped: Callable[..., Any] = _OTHERS.get(func, func)
        return shaped(*args, **named)


def _conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sequence[int] = (1, 1),
    padding: Sequence[int] = (0, 0),
    dilation: Sequence[int] = (1, 1),
    groups: int = 1,
) -> tuple[Tensor, int]:
    sides = _windows(x, weight.shape[2:], stride, padding, dilation)
    result = x.new_empty((len(x), len(weight), *sides))
    return result, result.numel() * math.prod(weight.shape[1:])


def _windows(
    x: Tensor,
    window: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int] = (1, 1),
) -> list[int]:
    """Count the windows of an image, in rows and columns."""
    sides = [
        (side + 2 * margin - spread * (width - 1) - 1) // step + 1
        for side, margin, spread, width, step in zip(
            x.shape[2:], padding, dilation, window, stride, strict=True
        )
    ]
    if min(sides) < 1:
        size, of = ("x".join(map(str, each)) for each in (x.shape[2:], window))
        raise RuntimeError(f"a window of {of} does not fit into {size} pixels")
    return sides


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> tuple[Tensor, int]:
    return x.new_empty((*x.shape[:-1], len(weight))), x.numel() * len(weight)


def _matmul(a: Tensor, b: Tensor) -> tuple[Tensor, int]:
    """Count a product of matrices; a product of a matrix and a vector counts as 0."""
    if b.ndim == 1:
        return a.new_empty(a.shape[:-1]), 0
    return a.new_empty((*a.shape[:-1], b.shape[-1])), a.numel() * b.shape[-1]


def _attention(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, int]:
    result = query.new_empty((*query.shape[:-1], value.shape[-1]))
    return result, key.shape[-2] * (query.numel() + result.numel())


_MULTIPLYING: Mapping[Callable[..., Any], Callable[..., tuple[Tensor, int]]] = {
    F.conv2d: _conv2d,
    F.linear: _linear,
    F.scaled_dot_product_attention: _attention,
    Tensor.matmul: _matmul,
}
"""Maps a function that multiplies to one that returns the shape of the result and the number of
operations.
"""


def _first(x: Tensor, *others: Any, **options: Any) -> Tensor:
    return x


def _add(a: Tensor, b: Tensor) -> Tensor:
    return a if a.shape == b.shape else torch.add(a, b)


def _cat(tensors: Sequence[Tensor], dim: int) -> Tensor:
    shape = list(tensors[0].shape)
    shape[dim] = sum(each.shape[dim] for each in tensors)
    return tensors[0].new_empty(shape)


def _interpolate(x: Tensor, size: Sequence[int], **options: Any) -> Tensor:
    return x.new_empty((*x.shape[:2], *size))


def _max_pool2d(x: Tensor, window: int, stride: int, padding: int, **options: Any) -> Tensor:
    sides = _windows(x, (window,) * 2, (stride,) * 2, (padding,) * 2)
    return x.new_empty((*x.shape[:2], *sides))


def _adaptive_avg_pool2d(x: Tensor, side: int) -> Tensor:
    return x.new_empty((*x.shape[:2], side, side))


_OTHERS: Mapping[Callable[..., Any], Callable[..., Tensor]] = {
    F.adaptive_avg_pool2d: _adaptive_avg_pool2d,
    F.batch_norm: _first,
    F.gelu: _first,
    F.hardtanh: _first,
    F.interpolate: _interpolate,
    F.layer_norm: _first,
    F.max_pool2d: _max_pool2d,
    F.relu: _first,
    F.relu6: _first,
    Tensor.add: _add,
    Tensor.add_: _first,
    torch.cat: _cat,
}
"""Maps a function that does not multiply to one that returns a tensor of the result's shape."""
