"""`perturb` attacks one image."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from robustbench_seg.attacks.ball import ball
from robustbench_seg.attacks.iterate import Gradient, Iterate, NetworkObjective, Settings, chosen
from robustbench_seg.attacks.losses import LOSSES
from robustbench_seg.attacks.optimisers import OPTIMISERS
from robustbench_seg.attacks.random_numbers import attack_rng
from robustbench_seg.datasets import IGNORE
from robustbench_seg.errors import AttackError, unknown
from robustbench_seg.records.values.attack_parameters import attack_parameter_problem
from robustbench_seg.records.values.attacks import ATTACKS, Attack, Choice


@dataclass(frozen=True, eq=False)
class Perturbed:
    """The image that an attack has chosen.

    Attributes:
        image: Float 3xHxW, within the attack's radius of the clean image and within 0..1.
        choice: The rule by which it was chosen from the iterates of a run.
        accuracy: Share of the pixels with a label that the network labels correctly, 0..1.
        cross_entropy: Mean cross-entropy over the pixels with a label, in nats.
        calls: Number of gradients that were computed.
    """

    image: Tensor
    choice: Choice
    accuracy: float
    cross_entropy: float
    calls: int


def perturb(
    gradient: Gradient,
    image: Tensor,
    truth: Tensor,
    attack: str,
    parameters: Mapping[str, float],
    *,
    seed: int,
    image_id: str,
    class_frequencies: Sequence[float] | None = None,
) -> Perturbed:
    """Attack one image.

    With several restarts, the result is the image with the lowest pixel accuracy; of equal ones,
    the last.

    Args:
        gradient: The network: (image, loss) -> (logits KxHxW, d loss / d image 3xHxW), where `loss`
            maps these logits to a scalar.
        image: The clean image, float 3xHxW in 0..1. It is not changed.
        truth: int64 HxW, class indices; 255 where a pixel has no label. Losses, masks and
            accuracies ignore such pixels. An image without any labelled pixel is returned
            unchanged.
        attack: A name of ATTACKS.
        parameters: `epsilon`, the radius: in units of 1/255 for Linf, a Euclidean length with
            pixels in 0..1 for L2; `steps`; and, if the attack accepts them, `step_size` in the unit
            of `epsilon`, and `restarts`.
        seed: Seed of the random numbers. They also depend on the image id, the attack and the
            radius.
        image_id: Id of the image in its dataset.
        class_frequencies: Number or share of the pixels of each class in the training labels, for
            attacks that need them. A class without a pixel counts like the rarest class.

    Returns:
        The perturbed image, and how the network labels it.

    Raises:
        AttackError: An argument is not as described above, or the network's gradient is not finite.

    >>> image, truth = torch.full((3, 32, 32), 0.49), torch.ones(32, 32, dtype=torch.int64)
    >>> def gradient(image, loss):  # of a network that labels bright pixels 0, dark ones 1
    ...     image = image.clone().requires_grad_()
    ...     logits = torch.stack([image.mean(0), 1 - image.mean(0)])
    ...     return logits.detach(), torch.autograd.grad(loss(logits), image)[0]
    >>> parameters = {"epsilon": 8, "steps": 3}
    >>> perturbed = rs.perturb(gradient, image, truth, "pgd", parameters, seed=0, image_id="a.png")
    >>> 0 <= perturbed.accuracy < 1
    True
    >>> bool((perturbed.image - image).abs().max() <= 8 / 255)
    True
    """
    check_attack(attack, parameters)
    entry = ATTACKS[attack]
    _check_image(image, truth)
    weights = _class_weights(entry, class_frequencies)
    objective = NetworkObjective(
        gradient,
        truth,
        LOSSES[entry.loss],
        None if weights is None else torch.tensor(weights).to(image),
    )
    if objective.valid == 0:
        return Perturbed(image.clone(), entry.choice, math.nan, math.nan, 0)
    best = _best_run(entry, objective, image, parameters, seed, image_id)
    return Perturbed(
        best.image, entry.choice, best.right / objective.valid, best.cross_entropy, objective.calls
    )


def _best_run(
    attack: Attack,
    objective: NetworkObjective,
    image: Tensor,
    parameters: Mapping[str, float],
    seed: int,
    image_id: str,
) -> Iterate:
    unit = 1 / 255 if attack.norm == "Linf" else 1.0
    epsilon, step_size = parameters["epsilon"], parameters.get("step_size")
    settings = Settings(
        int(parameters.get("steps", 1)), None if step_size is None else step_size * unit
    )
    around = ball(attack.norm, image, epsilon * unit)
    best: Iterate | None = None
    for restart in range(int(parameters.get("restarts", 1))):
        rng = attack_rng(seed, image_id, attack.name, epsilon, restart)
        run = chosen(OPTIMISERS[attack.optimiser](objective, around, rng, settings), attack.choice)
        best = run if best is None else chosen((best, run), "lowest_accuracy")
        if attack.stops_early and best.right == 0:
            break
    assert best is not None, "there is at least one restart"
    return best


def check_attack(name: str, parameters: Mapping[str, float]) -> None:
    """Check the parameters of an attack.

    Args:
        name: A name of ATTACKS.
        parameters: As in `perturb`.

    Raises:
        AttackError: There is no such attack; a parameter is unknown, missing or out of range.
    """
    if name not in ATTACKS:
        raise AttackError(unknown("attack", name, ATTACKS))
    attack = ATTACKS[name]
    accepted = (*attack.required, *attack.optional)
    where = f"attack '{attack.name}'"
    for name, value in parameters.items():
        if name not in accepted:
            raise AttackError(f"{where}: {unknown('parameter', name, accepted)}")
        if problem := attack_parameter_problem(attack.norm, name, value):
            raise AttackError(f"{where}: {problem}")
    for name in attack.required:
        if name not in parameters:
            raise AttackError(f"{where}: the parameter '{name}' is missing; give it")


def _check_image(image: Tensor, truth: Tensor) -> None:
    size = tuple(image.shape)
    if not image.is_floating_point() or image.ndim != 3 or size[0] != 3:
        raise AttackError(f"the image is {image.dtype} {size}; give float32, 3 x H x W, in 0..1")
    if not (image.numel() and float(image.min()) >= 0 and float(image.max()) <= 1):
        raise AttackError(
            "the image is empty or has values outside 0..1; divide 8-bit values by 255"
        )
    if truth.dtype != torch.int64 or tuple(truth.shape) != size[1:]:
        raise AttackError(
            f"the labels are {truth.dtype} {tuple(truth.shape)}; give int64 {size[1:]}, "
            f"with {IGNORE} for pixels without a label"
        )
    if int(truth.min()) < 0:
        raise AttackError(
            f"a label is {int(truth.min())}; labels must be class indices from 0, or {IGNORE} for "
            "pixels without a label"
        )


def _class_weights(attack: Attack, frequencies: Sequence[float] | None) -> list[float] | None:
    """Return weights proportional to 1 / frequency, 1 for the rarest class, if the attack needs
    any.
    """
    if not attack.needs_frequencies:
        return None
    where = f"attack '{attack.name}'"
    if frequencies is None:
        raise AttackError(
            f"{where} weights classes by their frequencies; give class_frequencies, the pixels of "
            "each class in the training labels"
        )
    present = [frequency for frequency in frequencies if frequency > 0]
    if not present or not all(0 <= frequency < math.inf for frequency in frequencies):
        raise AttackError(
            f"{where}: class_frequencies must be finite, 0 or more, and not all 0; count them again"
        )
    rarest = min(present)
    return [rarest / frequency if frequency > 0 else 1.0 for frequency in frequencies]
