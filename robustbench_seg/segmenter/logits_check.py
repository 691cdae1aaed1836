"""Checks that the output of a network from outside this package is logits."""

from torch import Tensor

from robustbench_seg.errors import ModelError
from robustbench_seg.records.values.image_size import Size


def checked_logits(answer: object, images: Tensor, classes: int, where: str) -> Tensor:
    """Check that the output of a network is logits.

    Args:
        answer: What the network returns.
        images: The network's input, Nx3xHxW.
        classes: Number K of named classes.
        where: The network's name in errors.

    Returns:
        The answer, float NxKxhxw.

    Raises:
        ModelError: The output is something else. The message describes it.
    """
    if not isinstance(answer, Tensor) or answer.ndim != 4 or len(answer) != len(images):
        given = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
        raise ModelError(f"{where}: returns {given}; expected logits NxKxhxw")
    if answer.shape[1] != classes:
        raise ModelError(
            f"{where}: returns logits of {answer.shape[1]} classes, but {classes} are named"
        )
    if not answer.is_floating_point() or not answer.numel():
        raise ModelError(
            f"{where}: returns {str(answer.dtype).removeprefix('torch.')} "
            f"{'x'.join(map(str, answer.shape))}; expected float logits"
        )
    height, width = images.shape[2:]
    refuse_swapped(answer, (height, width), where)
    return answer


def refuse_swapped(answer: Tensor, image: Size, where: str) -> None:
    """Refuse logits whose height and width are swapped: upsampled, they would still fit.

    Args:
        answer: Logits NxKxhxw.
        image: Height and width of the network's input.
        where: The network's name in errors.

    Raises:
        ModelError: The ratio of the logits' sides is, within a pixel, the inverse of that of the
            input, and not that of the input.
    """
    high, wide = answer.shape[2:]

    def fits(ratio: float) -> bool:
        return (high - 1) < ratio * (wide + 1) and ratio * (wide - 1) < high + 1

    height, width = image
    if not fits(height / width) and fits(width / height):
        raise ModelError(
            f"{where}: returns {high}x{wide} for an image of {height}x{width}: height and width "
            "are swapped; expected logits NxKxhxw"
        )
