"""Adversarial attacks: images near a clean one that a network labels as wrongly as possible.

An attack sees the network through one function, its gradient. It gives a float image, which is
scored without rounding.
"""

from robustbench_seg.attacks.iterate import Choice, Gradient
from robustbench_seg.attacks.perturbation import Perturbed, check_attack, perturb
from robustbench_seg.attacks.registry import ATTACKS, Attack

__all__ = ["ATTACKS", "Attack", "Choice", "Gradient", "Perturbed", "check_attack", "perturb"]
