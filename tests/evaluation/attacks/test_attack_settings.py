"""The settings of an attack in the key of a run, and the differences of two runs."""

from dataclasses import replace

import pytest

import robustbench_seg as rs
from robustbench_seg.datasets import load_class_frequencies
from robustbench_seg.evaluation.inputs import attack_settings
from robustbench_seg.evaluation.inputs.attack_settings import AttackSettings, open_attacks
from robustbench_seg.records.cards import protocol as protocols
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.records.values.attacks import ATTACKS
from tests.evaluation.attacks.conftest import ABOUT, MEMBERS, Shade


@pytest.fixture
def settings(protocol):
    return AttackSettings(rs.load_protocol(protocol("pgd")))


def with_attack(record, settings):
    return replace(record, key=replace(record.key, attack=settings.record))


def test_without_an_attack_nothing_is_in_the_key():
    settings = AttackSettings(rs.load_protocol(), is_rounded=True, class_frequencies=(1, 2, 3))
    assert settings.record is None


def test_what_decides_attacked_images_is_in_the_key(settings, run_record):
    weaker = rs.load_segmenter(Shade(2.0), name="a", **ABOUT)
    stronger = rs.load_segmenter(Shade(9.0), name="a", **ABOUT)
    changed = {
        "nothing": settings,
        "rounding": replace(settings, is_rounded=True),
        "frequencies": replace(settings, class_frequencies=(1, 2, 3)),
        "their order": replace(settings, class_frequencies=(3, 2, 1)),
        "surrogate": replace(settings, surrogate=weaker),
        "its weights": replace(settings, surrogate=stronger),
    }
    keys = {name: with_attack(run_record("m"), each).key.digest for name, each in changed.items()}
    assert len(set(keys.values())) == len(changed)
    assert changed["surrogate"].record.surrogate == weaker.record


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("rounding of attacked images", {"is_rounded": True}),
        ("class frequencies of the attacks", {"class_frequencies": (1, 2, 3)}),
    ],
)
def test_such_runs_compare_and_say_what_differs(settings, run_record, name, changes):
    one, other = (
        with_attack(run_record("m"), each) for each in (settings, replace(settings, **changes))
    )
    (difference,) = one.differences(other)
    assert (difference.name, difference.kind) == (name, "corruption")
    assert difference.noted
    assert not difference.of_images


def test_another_law_of_the_gradients_is_another_run(settings, run_record, monkeypatch):
    one = with_attack(run_record("m"), settings)
    monkeypatch.setattr(attack_settings, "GRADIENT_LAW", 7)
    other = with_attack(run_record("m"), settings)
    (difference,) = other.differences(one)
    assert difference.name == "version of the gradients"
    assert (difference.one, difference.other) == ("7", "1")
    assert one.key.digest != other.key.digest


def test_the_laws_are_those_of_each_attack_and_of_the_ensemble(protocol, monkeypatch):
    path = protocol(*MEMBERS, "sea")
    monkeypatch.setattr(protocols, "ENSEMBLE_LAW", 5)
    changed = {**ATTACKS, "apgd_js": replace(ATTACKS["apgd_js"], law=3)}
    monkeypatch.setattr(protocols, "ATTACKS", changed)
    laws = rs.load_protocol(path).attack_laws
    assert laws == {"apgd_mce_bal": 1, "apgd_mce": 1, "apgd_js": 3, "sea": 5}
    assert rs.load_protocol().attack_laws == {}


def test_the_frequencies_that_ship_are_used_unless_others_are_given(protocol, tmp_path):
    data, path = rs.open_dataset("minicity"), protocol("apgd_mce_bal")

    def opened(**options):
        spec = EvaluationSpec(("m",), dataset="minicity", **options)
        return open_attacks(spec, rs.load_protocol(path), (), data).class_frequencies

    shipped = load_class_frequencies("minicity")
    assert opened() == tuple(shipped.pixels[name] for name in data.classes)
    own = tmp_path / "own.toml"
    counted = rs.class_frequencies(data.first(2), out=own).pixels
    assert opened(class_frequencies=own) == tuple(counted.values()) != opened()
