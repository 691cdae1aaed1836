"""The attacks as data: the loss and the optimiser of each, whether it draws random numbers, and the
ensembles of attacks.

This module is in `records` because reports use it without torch. The losses and optimisers are in
the room `attacks`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from robustbench_seg.records.values.attack_parameters import Norm

LossName = Literal["cross_entropy", "segpgd", "cospgd", "mce", "mce_bal", "js", "tsallis", "cosine"]
"""A loss of `attacks.losses.LOSSES`."""

OptimiserName = Literal["noise", "fgsm", "pgd", "apgd", "padam"]
"""An optimiser of `attacks.optimisers.OPTIMISERS`."""

Choice = Literal["last", "highest_cross_entropy", "lowest_accuracy"]
"""The rule by which an attack chooses among the images that it has tried."""


@dataclass(frozen=True, kw_only=True)
class Attack:
    """An attack.

    Attributes:
        name: Its name, such as "apgd_mce" or "apgd_mce_l2".
        norm: The norm of its ball.
        law: Version of the attack. Increment it when the attack gives different images for the same
            network, image, parameters and seed. Runs of another law are never continued.
        loss: The loss that it maximises.
        optimiser: The algorithm that maximises the loss.
        choice: The rule by which it chooses an image from the iterates of a run.
        required: Parameters that must be given.
        optional: Parameters that may be given.
        is_random: Whether it draws random numbers, so that another seed gives another image.
        needs_frequencies: Whether the loss weights pixels by the frequency of their class.
        stops_early: Whether it ends once no pixel is labelled correctly.
    """

    name: str
    norm: Norm
    law: int
    loss: LossName
    optimiser: OptimiserName
    choice: Choice
    required: tuple[str, ...] = ("epsilon", "steps")
    optional: tuple[str, ...] = ()
    is_random: bool = True
    needs_frequencies: bool = False
    stops_early: bool = False


def _one_step(
    name: str, norm: Norm, *, optimiser: OptimiserName, law: int, is_random: bool = True
) -> Attack:
    return Attack(
        name=name,
        norm=norm,
        law=law,
        loss="cross_entropy",
        optimiser=optimiser,
        choice="last",
        required=("epsilon",),
        is_random=is_random,
    )


def _pgd(name: str, norm: Norm, *, loss: LossName, law: int) -> Attack:
    return Attack(
        name=name,
        norm=norm,
        law=law,
        loss=loss,
        optimiser="pgd",
        choice="highest_cross_entropy",
        optional=("step_size", "restarts"),
    )


def _apgd(
    name: str, norm: Norm, *, loss: LossName, law: int, needs_frequencies: bool = False
) -> Attack:
    return Attack(
        name=name,
        norm=norm,
        law=law,
        loss=loss,
        optimiser="apgd",
        choice="lowest_accuracy",
        optional=("restarts",),
        needs_frequencies=needs_frequencies,
        stops_early=True,
    )


def _padam(name: str, *, loss: LossName, law: int) -> Attack:
    return Attack(
        name=name,
        norm="Linf",
        law=law,
        loss=loss,
        optimiser="padam",
        choice="last",
        optional=("step_size", "restarts"),
    )


ATTACKS: Mapping[str, Attack] = {
    attack.name: attack
    for attack in (
        _one_step("noise", "Linf", optimiser="noise", law=1),
        _one_step("fgsm", "Linf", optimiser="fgsm", law=1, is_random=False),
        _pgd("pgd", "Linf", loss="cross_entropy", law=1),
        _pgd("segpgd", "Linf", loss="segpgd", law=1),
        _pgd("cospgd", "Linf", loss="cospgd", law=1),
        _apgd("apgd_mce", "Linf", loss="mce", law=1),
        _apgd("apgd_mce_bal", "Linf", loss="mce_bal", law=1, needs_frequencies=True),
        _apgd("apgd_js", "Linf", loss="js", law=1),
        _apgd("tsallis", "Linf", loss="tsallis", law=1),
        _padam("padam", loss="cross_entropy", law=1),
        _padam("padam_cos", loss="cosine", law=1),
        _one_step("noise_l2", "L2", optimiser="noise", law=1),
        _one_step("fgsm_l2", "L2", optimiser="fgsm", law=1, is_random=False),
        _pgd("pgd_l2", "L2", loss="cross_entropy", law=1),
        _pgd("segpgd_l2", "L2", loss="segpgd", law=1),
        _pgd("cospgd_l2", "L2", loss="cospgd", law=1),
        _apgd("apgd_mce_l2", "L2", loss="mce", law=1),
        _apgd("apgd_mce_bal_l2", "L2", loss="mce_bal", law=1, needs_frequencies=True),
        _apgd("apgd_js_l2", "L2", loss="js", law=1),
        _apgd("tsallis_l2", "L2", loss="tsallis", law=1),
    )
}
"""Maps the name of an attack to the attack."""

ATTACK_ENSEMBLES: Mapping[str, tuple[str, ...]] = {
    "sea": ("apgd_mce_bal", "apgd_mce", "apgd_js"),
    "sea_l2": ("apgd_mce_bal_l2", "apgd_mce_l2", "apgd_js_l2"),
}
"""Maps the name of an ensemble, as protocols list it, to the names of its members.

An ensemble is a condition that is derived from the rows of others: severity k from severity k of
its members. SEA (Croce, Singh and Hein, arXiv 2306.12941) is the worst of three attacks on each
image.
"""

ENSEMBLE_LAW = 1
"""Law version of the derivation; increment when it chooses another member for the same results."""


def attack_norm(name: str) -> Norm:
    """Return the norm of an attack, or that of the members of an ensemble.

    >>> attack_norm("apgd_mce"), attack_norm("sea_l2")
    ('Linf', 'L2')
    """
    first, *_ = ATTACK_ENSEMBLES.get(name, (name,))
    return ATTACKS[first].norm
