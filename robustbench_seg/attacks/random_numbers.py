"""The random numbers of an attack."""

import hashlib
import json

import numpy as np

from robustbench_seg.corruption.streams import philox_generator

RANDOM_NUMBERS_VERSION = 1
"""Increment when the same arguments give different numbers. Increment the law of each attack as
well: the key of a run contains the laws, but not this number.
"""


def attack_rng(
    seed: int, image_id: str, attack: str, epsilon: float, restart: int
) -> np.random.Generator:
    """Return the generator of one run of an attack on one image.

    The numbers depend only on the arguments, not on other images, their order or the machine: the
    key of the Philox generator is the beginning of the sha256 of the arguments.

    Args:
        seed: The seed.
        image_id: Id of the image in its dataset.
        attack: Name of the attack.
        epsilon: The radius, in the attack's unit.
        restart: 0 for the first run, 1 for the second, and so on.
    """
    key = json.dumps([RANDOM_NUMBERS_VERSION, int(seed), image_id, attack, float(epsilon), restart])
    return philox_generator(hashlib.sha256(key.encode()).digest())
