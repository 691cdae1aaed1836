"""Checks that the answer of a network that is not of this package is logits."""

from torch import Tensor

from robustbench_seg.errors import ModelError


def checked_logits(answer: object, images: Tensor, classes: int, where: str) -> Tensor:
    """Check that the answer of a network is logits.

    Args:
        answer: What the network returns.
        images: The network's input, Nx3xHxW.
        classes: Number K of classes that are named.
        where: The network's name in errors.

    Returns:
        The answer, float NxKxhxw.

    Raises:
        ModelError: The answer is something else. The message says what it is.
    """
    if not isinstance(answer, Tensor) or answer.ndim != 4 or len(answer) != len(images):
        given = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
        raise ModelError(f"{where}: answers {given}; logits NxKxhxw are wanted")
    if answer.shape[1] != classes:
        raise ModelError(
            f"{where}: answers logits of {answer.shape[1]} classes; {classes} are named"
        )
    if not answer.is_floating_point() or not answer.numel():
        raise ModelError(
            f"{where}: answers {str(answer.dtype).removeprefix('torch.')} "
            f"{'x'.join(map(str, answer.shape))}; float logits are wanted"
        )
    return answer
