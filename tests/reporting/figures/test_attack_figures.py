import numpy as np
import pandas as pd
import pytest

from robustbench_seg.records.cards.perturbation import AttackPerturbation
from robustbench_seg.records.cards.protocol import Protocol, load_protocol
from robustbench_seg.records.values.attacks import ATTACK_ENSEMBLES, ATTACKS, attack_norm
from robustbench_seg.reporting.figures.attack_figures import common_radii, radius_curves


def attack(name, *radii, category="single"):
    levels = tuple(range(1, len(radii) + 1))
    return AttackPerturbation(
        name, category, levels, tuple({"epsilon": radius} for radius in radii)
    )


def drawn(*specs):
    protocol = Protocol("p", "1", "a test", specs)
    rows = [("a", "clean", 0, 50.0)]
    rows += [("a", s.name, level, 50.0 - 9 * level) for s in specs for level in s.severities]
    table = pd.DataFrame(rows, columns=["model", "corruption", "severity", "miou"])
    figure = radius_curves(table.assign(ci_low=np.nan, ci_high=np.nan), protocol)
    ticks = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    return ticks, figure.get_supxlabel()


def test_the_axis_names_the_radii_that_all_attacks_share():
    ticks, label = drawn(attack("noise", 0.25, 2), attack("sea", 0.25))
    assert (ticks, label) == (["clean", "0.25", "2"], "radius, levels of 255")
    _, label = drawn(attack("noise_l2", 1), attack("pgd_l2", 1))
    assert label == "radius, L2 norm of the change, channels in 0 to 1"


@pytest.mark.parametrize(
    "specs",
    [
        (attack("noise", 1, 2), attack("pgd", 4, 8)),
        (attack("pgd", 1, 2), attack("pgd_l2", 1, 2)),
    ],
)
def test_attacks_of_different_radii_are_drawn_over_severity(specs):
    assert drawn(*specs) == (["clean", "1", "2"], "severity")


def test_shipped_protocols_have_common_radii():
    assert common_radii(load_protocol("attacks")) == ["0.25", "0.5", "1"]


def test_members_of_an_ensemble_have_one_norm():
    for name, members in ATTACK_ENSEMBLES.items():
        assert {ATTACKS[member].norm for member in members} == {attack_norm(name)}
