"""Iterates, the images that an attack tries: their number, their evaluation, the choice of one."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from robustbench_seg.attacks.losses import Loss, Moment, cross_entropy
from robustbench_seg.datasets import IGNORE
from robustbench_seg.errors import AttackError
from robustbench_seg.records.values.attacks import Choice

Gradient = Callable[[Tensor, Callable[[Tensor], Tensor]], tuple[Tensor, Tensor]]
"""(image 3xHxW in 0..1, loss: logits KxHxW -> scalar) -> (logits KxHxW, d loss / d image 3xHxW)."""


@dataclass(frozen=True, eq=False)
class Iterate:
    """One image that an attack has tried.

    Attributes:
        image: Float 3xHxW in 0..1.
        gradient: d loss / d image, 3xHxW, of the attack's loss.
        right: Number of pixels with a label that the network labels correctly.
        cross_entropy: Mean of the cross-entropy over the pixels with a label, in nats.
    """

    image: Tensor
    gradient: Tensor
    right: int
    cross_entropy: float


@dataclass(frozen=True)
class Settings:
    """Steps of an optimiser.

    Attributes:
        steps: Number of steps, 1 or more.
        step_size: Length of a step on the scale of the image, or None for the optimiser's default.
    """

    steps: int = 1
    step_size: float | None = None


Objective = Callable[[Tensor, float], Iterate]
"""(image, progress of the run in 0..1) -> iterate."""


class NetworkObjective:
    """The objective of an attack on one clean image: a loss of the network's logits.

    Attributes:
        calls: Number of gradients computed so far.
        valid: Number of pixels with a label.
    """

    def __init__(
        self, gradient: Gradient, truth: Tensor, loss: Loss, class_weights: Tensor | None = None
    ) -> None:
        """Make an objective.

        Args:
            gradient: The gradient of the network.
            truth: int64 HxW, class indices; IGNORE for pixels without a label.
            loss: The loss of the attack. It gets 0 as the logits and the label of a void pixel.
            class_weights: See Moment.
        """
        self.calls = 0
        self._mask = truth != IGNORE
        self.valid = int(self._mask.sum())
        self._gradient, self._truth, self._loss = gradient, truth, loss
        self._labels = torch.where(self._mask, truth, 0)
        self._largest = int(self._labels.max())
        self._class_weights = class_weights

    def __call__(self, image: Tensor, progress: float) -> Iterate:
        """Evaluate an image.

        Args:
            image: Float 3xHxW in 0..1.
            progress: Steps taken, divided by all steps of the run.

        Returns:
            The iterate.

        Raises:
            AttackError: The logits do not fit the labels or the class weights, or the gradient is
                not finite.
        """
        moment = Moment(progress, self._class_weights)
        self.calls += 1
        logits, gradient = self._gradient(
            image,
            lambda logits: self._mean(self._loss(self._checked(logits), self._labels, moment)),
        )
        logits, gradient = logits.detach(), gradient.detach()
        if not torch.isfinite(gradient).all():
            raise AttackError("the gradient of the network is not finite; check its weights")
        right = (logits.argmax(0) == self._truth) & self._mask
        entropy = self._mean(cross_entropy(self._checked(logits), self._labels))
        return Iterate(image, gradient, int(right.sum()), float(entropy))

    def _checked(self, logits: Tensor) -> Tensor:
        """Return the logits, 0 at void pixels. Raises AttackError if they do not fit."""
        classes, size = len(logits), tuple(self._truth.shape)
        if tuple(logits.shape[1:]) != size:
            raise AttackError(
                f"the network returns logits of {tuple(logits.shape[1:])} for labels of {size}; "
                "it must return logits of the image's size"
            )
        if self._largest >= classes:
            raise AttackError(
                f"a label is class {self._largest}, but the network has {classes} classes; give "
                f"class indices from 0 to {classes - 1}, or {IGNORE} for pixels without a label"
            )
        weights = self._class_weights
        if weights is not None and len(weights) != classes:
            raise AttackError(
                f"there are {len(weights)} class frequencies for {classes} classes; give one for "
                "each class"
            )
        return logits if self.valid == self._mask.numel() else torch.where(self._mask, logits, 0)

    def _mean(self, losses: Tensor) -> Tensor:
        total = torch.where(self._mask, losses, 0).sum(dtype=torch.float64)
        return (total / self.valid).to(losses.dtype)


_BETTER: Mapping[Choice, Callable[[Iterate, Iterate], bool]] = {
    "last": lambda new, best: True,
    "highest_cross_entropy": lambda new, best: new.cross_entropy >= best.cross_entropy,
    "lowest_accuracy": lambda new, best: new.right <= best.right,
}


def chosen(iterates: Iterable[Iterate], choice: Choice) -> Iterate:
    """Choose the best of several iterates; of equally good ones, the latest.

    Args:
        iterates: One or more, in the order of the steps.
        choice: The rule.
    """
    best: Iterate | None = None
    for iterate in iterates:
        if best is None or _BETTER[choice](iterate, best):
            best = iterate
    assert best is not None, "every optimiser evaluates an image"
    return best
