"""Adversarial attacks, which change an image slightly so that a network labels it wrongly.

An attack needs one function of the network: the gradient of a loss. The perturbed image is a float
image; it is not rounded to 8 bits.
"""

from robustbench_seg.attacks.iterate import Choice, Gradient
from robustbench_seg.attacks.perturbation import Perturbed, check_attack, perturb
from robustbench_seg.attacks.registry import ATTACKS, Attack, attack_laws

__all__ = [
    "ATTACKS",
    "Attack",
    "Choice",
    "Gradient",
    "Perturbed",
    "attack_laws",
    "check_attack",
    "perturb",
]
