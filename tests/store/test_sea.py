"""SEA's choice of an attack for each image, against all possible choices."""

from itertools import product

import numpy as np
import pytest

from robustbench_seg.measures import class_counts
from robustbench_seg.store.sea import LEAST_GAIN, least_accurate, sea_choice


def random_matrices(seed, attacks=3, images=4, classes=3):
    """Confusion matrices MxNxKxK in which each attack leaves the truth as it is."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 200, (images, classes))
    shares = rng.dirichlet(np.full(classes, 0.5), (attacks, images, classes))
    return np.stack(
        [
            [[rng.multinomial(n, p) for n, p in zip(*row, strict=True)] for row in rows]
            for rows in (zip(truth, each, strict=True) for each in shares)
        ]
    )


def miou(matrices, choice):
    """By the definition, class by class, 0..1."""
    total = sum(matrices[attack, image] for image, attack in enumerate(choice))
    scores = []
    for k in range(len(total)):
        union = total[k].sum() + total[:, k].sum() - total[k, k]
        if union:
            scores.append(total[k, k] / union)
    return np.mean(scores) if scores else 0.0


def all_mious(matrices):
    attacks, images = matrices.shape[:2]
    return {choice: miou(matrices, choice) for choice in product(range(attacks), repeat=images)}


@pytest.mark.parametrize("seed", range(20))
def test_the_choice_lies_between_the_best_of_all_choices_and_every_attack(seed):
    matrices = random_matrices(seed)
    choice = sea_choice(class_counts(matrices))
    every = all_mious(matrices)
    found = every[tuple(choice)]
    assert min(every.values()) - 1e-12 <= found
    assert found <= min(every[(attack,) * 4] for attack in range(3)) + 1e-12


def test_no_exchange_for_one_image_lowers_the_miou_any_more():
    for seed in range(10):
        matrices = random_matrices(seed, images=12)
        choice = sea_choice(class_counts(matrices))
        found = miou(matrices, choice)
        for image, attack in product(range(12), range(3)):
            other = choice.copy()
            other[image] = attack
            assert miou(matrices, other) >= found - LEAST_GAIN


def test_the_mixture_is_lower_than_every_attack():
    gains = []
    for seed in range(10):
        matrices = random_matrices(seed, images=12)
        found = miou(matrices, sea_choice(class_counts(matrices)))
        gains.append(min(miou(matrices, [attack] * 12) for attack in range(3)) - found)
    assert min(gains) > 0.01


@pytest.mark.parametrize("seed", range(10))
def test_it_finds_the_lowest_miou_where_each_image_has_a_class_of_its_own(seed):
    """Image i has pixels of class i only; wrong ones go to a class that occurs nowhere else."""
    rng = np.random.default_rng(seed)
    hits = rng.integers(0, 100, (3, 4))
    matrices = np.zeros((3, 4, 5, 5), np.int64)
    for attack, image in product(range(3), range(4)):
        matrices[attack, image, image, image] = hits[attack, image]
        matrices[attack, image, image, 4] = 100 - hits[attack, image]
    choice = sea_choice(class_counts(matrices))
    every = all_mious(matrices)
    assert every[tuple(choice)] == pytest.approx(min(every.values()), abs=1e-12)
    assert np.array_equal(hits[choice, range(4)], hits.min(axis=0))


def test_the_choice_depends_on_the_counts_only():
    counts = class_counts(random_matrices(0, images=40))
    assert np.array_equal(sea_choice(counts), sea_choice(counts.copy()))


def test_equal_attacks_give_the_first():
    counts = class_counts(np.repeat(random_matrices(0)[:1], 3, axis=0))
    assert sea_choice(counts).tolist() == [0] * 4
    assert least_accurate(counts).tolist() == [0] * 4


def test_images_without_a_labelled_pixel_do_no_harm():
    matrices = random_matrices(0)
    matrices[:, 1] = 0
    choice = sea_choice(class_counts(matrices))
    assert miou(matrices, choice) <= min(miou(matrices, [attack] * 4) for attack in range(3))
    assert sea_choice(np.zeros((3, 2, 3, 4), np.int64)).tolist() == [0, 0]


def test_the_least_accurate_attack_is_that_of_each_image_by_itself():
    matrices = random_matrices(3, images=30)
    expected = []
    for image in range(30):
        right = [
            np.trace(matrices[attack, image]) / matrices[attack, image].sum() for attack in range(3)
        ]
        expected.append(right.index(min(right)))
    assert least_accurate(class_counts(matrices)).tolist() == expected
    assert len(set(expected)) == 3


@pytest.mark.parametrize("seed", [68, 90, 188, 249])
def test_the_search_begins_with_the_lowest_attack(seed):
    """A search that starts from the first attack gets stuck here."""
    matrices = random_matrices(seed, images=2)
    every = all_mious(matrices)
    found = every[tuple(sea_choice(class_counts(matrices)))]
    assert found <= min(every[(attack,) * 2] for attack in range(3)) + 1e-12
