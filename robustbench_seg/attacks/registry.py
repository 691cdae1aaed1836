"""The registry of attacks: the loss, the optimiser and the choice of the iterate of each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from robustbench_seg.attacks.apgd import apgd
from robustbench_seg.attacks.iterate import Choice
from robustbench_seg.attacks.noise import noise
from robustbench_seg.attacks.padam import padam
from robustbench_seg.attacks.pgd import fgsm, pgd
from robustbench_seg.attacks.settings import Optimiser
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.attack_ensembles import ATTACK_ENSEMBLES, ENSEMBLE_LAW
from robustbench_seg.records.values.attack_parameters import FIXED_ATTACKS, Norm


@dataclass(frozen=True)
class Attack:
    """An attack.

    Attributes:
        name: Its name, such as "apgd_mce" or "apgd_mce_l2".
        norm: The norm of its ball.
        law: Version of the attack. Increment it when the attack gives other images for the same
            network, image, parameters and draws: runs of another law are never continued.
        loss: The loss that it maximises, a name of LOSSES.
        optimiser: The algorithm that maximises the loss.
        choice: The rule by which it chooses an image from the iterates of a run.
        required: Parameters that must be given.
        optional: Parameters that may be given.
    """

    name: str
    norm: Norm
    law: int
    loss: str
    optimiser: Optimiser
    choice: Choice
    required: tuple[str, ...] = ("epsilon", "steps")
    optional: tuple[str, ...] = ()

    @property
    def is_random(self) -> bool:
        """Whether it draws random numbers, so that another seed gives another image."""
        return self.name not in FIXED_ATTACKS

    @property
    def needs_frequencies(self) -> bool:
        """Whether the loss weights pixels by the frequency of their class."""
        return self.loss == "mce_bal"

    @property
    def stops_early(self) -> bool:
        """Whether the attack ends once no pixel is right."""
        return self.optimiser is apgd


_STEPS = ("step_size", "restarts")


def _attacks(norm: Norm, suffix: str) -> Iterator[Attack]:
    """Yield the attacks of a norm; a suffix tells their names from those of Linf."""

    def named(name: str) -> str:
        return name + suffix

    one = ("epsilon",)
    yield Attack(named("noise"), norm, 1, "cross_entropy", noise, "last", one)
    yield Attack(named("fgsm"), norm, 1, "cross_entropy", fgsm, "last", one)
    for name, loss in (("pgd", "cross_entropy"), ("segpgd", "segpgd"), ("cospgd", "cospgd")):
        yield Attack(named(name), norm, 1, loss, pgd, "highest_cross_entropy", optional=_STEPS)
    for name in ("apgd_mce", "apgd_mce_bal", "apgd_js", "tsallis"):
        loss = name.removeprefix("apgd_")
        yield Attack(named(name), norm, 1, loss, apgd, "lowest_accuracy", optional=("restarts",))


def _padam(name: str, loss: str) -> Attack:
    return Attack(name, "Linf", 1, loss, padam, "last", optional=_STEPS)


ATTACKS: Mapping[str, Attack] = {
    attack.name: attack
    for attack in (
        *_attacks("Linf", ""),
        _padam("padam", "cross_entropy"),
        _padam("padam_cos", "cosine"),
        *_attacks("L2", "_l2"),
    )
}
"""Maps the name of an attack to the attack."""


def attack_laws(protocol: Protocol) -> Mapping[str, int]:
    """Return the law version of each attack of a protocol, in its order."""
    return {
        spec.name: ENSEMBLE_LAW if spec.name in ATTACK_ENSEMBLES else ATTACKS[spec.name].law
        for spec in protocol.perturbations
        if spec.is_attack
    }
