"""Protocols with attacks."""

from dataclasses import replace

import pytest

from robustbench_seg.errors import CardError
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.records.values.corruption_parameters import CORRUPTION_PARAMETERS


def written(folder, text):
    path = folder / "mine.toml"
    path.write_text(text)
    return path


ATTACKS = """
name = "radii"
version = "1"
source = "a test"
[[corruption]]
name = "contrast"
category = "digital"
scored = [1, 3]
severities = [
    { factor = 0.9 }, { factor = 0.7 }, { factor = 0.5 }, { factor = 0.3 }, { factor = 0.1 },
]
[[attack]]
name = "noise"
category = "control"
scored = [1, 2]
averaged = false
severities = [{ epsilon = 1 }, { epsilon = 2 }]
"""


def test_an_attack_has_its_own_severities_and_a_control_is_not_averaged(tmp_path):
    protocol = load_protocol(written(tmp_path, ATTACKS))
    assert protocol.names == ("contrast", "noise")
    assert [perturbation.is_attack for perturbation in protocol.perturbations] == [False, True]
    assert protocol.averaged_names == ("contrast",)
    assert protocol.perturbation("noise").severities == (1, 2)
    assert [c.folder for c in protocol.conditions(["noise"])] == ["noise/1", "noise/2"]
    assert [c.folder for c in protocol.conditions((), [2, 3])] == [
        *("contrast/2", "contrast/3", "noise/2")
    ]
    with pytest.raises(
        CardError,
        match="none of its corruptions and attacks is averaged; mark at least one as averaged",
    ):
        load_protocol(written(tmp_path, ATTACKS.replace("[1, 3]", "[1, 3]\naveraged = false")))
    with pytest.raises(
        CardError, match=r"'noise': scored is \[1, 3\]; expected ascending .* 1 to 2"
    ):
        load_protocol(written(tmp_path, ATTACKS.replace("scored = [1, 2]", "scored = [1, 3]")))


def test_a_protocol_says_which_of_its_conditions_are_attacks(tmp_path):
    protocol = load_protocol(written(tmp_path, ATTACKS))
    assert [each.name for each in protocol.corruptions] == ["contrast"]
    assert [each.name for each in protocol.attacks] == ["noise"]
    attacks = [each.folder for each in (CLEAN, *protocol.conditions()) if protocol.is_attack(each)]
    assert attacks == ["noise/1", "noise/2"]


def test_the_range_of_a_corruptions_parameter_is_not_that_of_an_attacks(tmp_path):
    radii = "severities = [{ epsilon = 1 }, { epsilon = 2 }]"
    assert CORRUPTION_PARAMETERS["scale"].most == 10
    scaled = ATTACKS.replace(radii, "severities = [{ scale = 20 }, { scale = 0 }]")
    noise = load_protocol(written(tmp_path, scaled)).perturbation("noise")
    assert noise.parameters == ({"scale": 20.0}, {"scale": 0.0})
    with pytest.raises(CardError, match=r"'noise': severity 1: scale = inf .* a finite number"):
        replace(noise, parameters=({"scale": float("inf")},) * 2)
    with pytest.raises(CardError, match="'contrast': severity 1: scale = 20"):
        load_protocol(written(tmp_path, ATTACKS.replace("{ factor = 0.9 }", "{ scale = 20 }")))
