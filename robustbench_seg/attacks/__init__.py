"""Adversarial attacks, which change an image slightly so that a network labels it wrongly.

An attack needs one function of the network: the gradient of a loss. The perturbed image is a float
image; it is not rounded to 8 bits.
"""

from robustbench_seg.attacks.entry_point import Perturbed, check_attack, perturb
from robustbench_seg.records.values.attacks import ATTACKS

__all__ = [
    "ATTACKS",
    "Perturbed",
    "check_attack",
    "perturb",
]
