"""Converts the output of an exported program to logits."""

import torch
from torch import Tensor
from torch.nn import functional as F

from robustbench_seg.errors import ModelError


def logits_of(
    answer: Tensor,
    classes: int,
    threshold: float | None,
    where: str,
    *,
    channels_last: bool = False,
    labels: bool = False,
) -> Tensor:
    """Convert the output of a program for one image to logits.

    Class indices become 1 for their class and 0 for the others, so that their argmax is the same
    labels. A probability p of the second of two classes becomes (threshold, p).

    Args:
        answer: Logits 1xKxhxw; class indices 1x1xhxw, 1xhxw or hxw; or, with a threshold, a
            probability 1x1xhxw or 1xhxw.
        classes: Number K of classes that are named.
        threshold: The probability above which a pixel belongs to the second class. None: the graph
            does not return a probability.
        where: The program's name in errors.
        channels_last: Whether the channel is the last of four axes.
        labels: Whether floats are class indices. Integers always are.

    Returns:
        float32 1xKxhxw.

    Raises:
        ModelError: The output has another form.
    """
    shape = "x".join(map(str, answer.shape)) or "one value"
    given = answer.shape
    if channels_last and answer.ndim == 4:
        answer = answer.movedim(-1, 1)
    kind = str(answer.dtype).removeprefix("torch.")
    one = answer.ndim == 3 or (answer.ndim == 4 and answer.shape[1] == 1)
    integer = not answer.is_floating_point() and answer.dtype is not torch.bool
    if not answer.numel() or (answer.ndim > 2 and answer.shape[0] != 1):
        raise ModelError(f"{where}: returns {kind} {shape} for one image; expected logits 1xKxhxw")
    if labels and answer.is_floating_point() and bool((answer == answer.round()).all()):
        answer, integer = answer.long(), True
    if integer and (one or answer.ndim == 2):
        return _of_indices(answer.reshape(answer.shape[-2:]), classes, where)
    if answer.is_floating_point() and one and threshold is not None:
        chance = answer.reshape(1, 1, *answer.shape[-2:]).float()
        return torch.cat([torch.full_like(chance, threshold), chance], 1)
    if threshold is not None:
        raise ModelError(
            f"{where}: returns {kind} {shape}; expected one channel 1x1xhxw, because a threshold "
            "is given"
        )
    if answer.ndim == 4 and answer.shape[1] == classes and answer.is_floating_point():
        return answer.float()
    hint = ""
    if answer.is_floating_point() and one and classes == 2:
        hint = "; if it is the probability of the second class, give threshold in its TOML file"
    elif len(given) == 4 and not channels_last and given[3] in (1, classes) and not labels:
        hint = '; if the classes are on the last axis, give output_layout = "NHWC" there'
    raise ModelError(
        f"{where}: returns {kind} {shape}; expected float logits 1x{classes}xhxw for the "
        f"{classes} named classes, or integer class indices 1xhxw{hint}"
    )


def _of_indices(labels: Tensor, classes: int, where: str) -> Tensor:
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= classes:
        raise ModelError(
            f"{where}: returns class indices {low} to {high}, but {classes} classes are named"
        )
    return F.one_hot(labels.long(), classes).permute(2, 0, 1)[None].float().contiguous()
