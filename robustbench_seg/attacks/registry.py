"""The optimisers of attacks by name, and the laws of the attacks of a protocol."""

from collections.abc import Mapping

from robustbench_seg.attacks.apgd import apgd
from robustbench_seg.attacks.optimiser import Optimiser, noise
from robustbench_seg.attacks.padam import padam
from robustbench_seg.attacks.pgd import fgsm, pgd
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.attacks import ATTACK_ENSEMBLES, ATTACKS, ENSEMBLE_LAW

OPTIMISERS: Mapping[str, Optimiser] = {
    "noise": noise,
    "fgsm": fgsm,
    "pgd": pgd,
    "apgd": apgd,
    "padam": padam,
}
"""Maps the name of an optimiser to the function that yields the iterates of a run."""


def attack_laws(protocol: Protocol) -> Mapping[str, int]:
    """Return the law version of each attack of a protocol, in its order."""
    return {
        each.name: ENSEMBLE_LAW if each.name in ATTACK_ENSEMBLES else ATTACKS[each.name].law
        for each in protocol.perturbations
        if each.is_attack
    }
