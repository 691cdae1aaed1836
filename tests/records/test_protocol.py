import inspect
import json
import os
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from robustbench_seg.codec import from_table, to_table
from robustbench_seg.corruption import CORRUPTIONS
from robustbench_seg.errors import CardError, CorruptionError
from robustbench_seg.records.cards.perturbation import Perturbation
from robustbench_seg.records.cards.protocol import (
    ProtocolFile,
    list_protocols,
    load_protocol,
    merged,
)
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.records.values.corruption_parameters import CORRUPTION_PARAMETERS

CARD = """
name = "mine"
version = "2"
source = "a test"

[[corruption]]
name = "contrast"
category = "digital"
scored = [1, 3]
severities = [{ factor = 0.9 }, { factor = 0.8 }, { factor = 0.7 }, { factor = 0 }, { factor = 1 }]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_merged_takes_each_corruption_from_the_first_that_has_it():
    both = merged([load_protocol("cityscapes-c"), load_protocol("mpc-15")])
    assert both.names == (*load_protocol().names, "zoom_blur", "elastic_transform", "pixelate")
    assert both.perturbation("brightness").category == "digital"
    assert both.name == "cityscapes-c + mpc-15"


def test_parameters_are_floats_out_of_the_file():
    protocol = load_protocol()
    assert protocol.perturbation("motion_blur").parameters[4] == {"radius": 20.0, "sigma": 15.0}
    assert protocol.perturbation("shot_noise").parameters[0] == {"photons": 60.0}
    values = [v for s in protocol.perturbations for table in s.parameters for v in table.values()]
    assert {type(value) for value in values} == {float}


def test_conditions_keep_the_order_of_the_protocol():
    protocol = load_protocol()
    everything = protocol.conditions()
    assert everything[:6] == (
        *(Condition("motion_blur", severity) for severity in (1, 2, 3, 4, 5)),
        Condition("defocus_blur", 1),
    )
    assert everything[-1] == Condition("frost", 5)
    assert CLEAN not in everything
    some = protocol.conditions(perturbations=["fog", "gaussian_blur", "fog"], severities=(4, 2))
    assert some == (
        Condition("gaussian_blur", 2),
        Condition("gaussian_blur", 4),
        Condition("fog", 2),
        Condition("fog", 4),
    )


def test_scored_conditions_leave_out_strong_noise():
    scored = load_protocol().scored_conditions
    assert Condition("shot_noise", 3) in scored
    assert Condition("shot_noise", 4) not in scored
    assert Condition("snow", 5) in scored


def test_unknown_corruption_names_the_nearest():
    with pytest.raises(CorruptionError, match=r"unknown corruption 'fogg'; did you mean 'fog'\?"):
        load_protocol().perturbation("fogg")
    with pytest.raises(CorruptionError, match="did you mean 'snow'"):
        load_protocol().conditions(perturbations=["snoww"])


def test_a_corruption_of_another_protocol_names_those_that_have_it():
    message = (
        "^the protocol mpc-15 has no spatter; choose a protocol that has it: city-c-fan, "
        "cityscapes-c$"
    )
    with pytest.raises(CorruptionError, match=message):
        load_protocol("mpc-15").conditions(perturbations=["spatter"])


@pytest.mark.parametrize("severity", [0, 6])
def test_unknown_severity(severity):
    with pytest.raises(CorruptionError, match=f"severity {severity} does not exist"):
        load_protocol().conditions(severities=[1, severity])


def test_a_protocol_of_ones_own(tmp_path):
    path = written(tmp_path, CARD)
    for place in (path, str(path)):
        protocol = load_protocol(place)
        assert (protocol.name, protocol.version, protocol.source) == ("mine", "2", "a test")
        assert protocol.scored_conditions == (Condition("contrast", 1), Condition("contrast", 3))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name", "nmae", r"mine\.toml: unknown key 'nmae'; did you mean 'name'"),
        ('version = "2"', "version = 2", r"mine\.toml: version: expected str, got int"),
        ('source = "a test"', "", r"mine\.toml: the key 'source' is missing"),
        ("scored = [1, 3]", "", r"corruption\[0\]: the key 'scored' is missing"),
        ("scored = [1, 3]", 'scored = ["1"]', r"scored\[0\]: expected int, got str"),
        (
            "scored = [1, 3]",
            "scored = [0, 1]",
            r"'contrast': scored is \[0, 1\]; expected ascending",
        ),
        (
            "scored = [1, 3]",
            "scored = [1, 6]",
            r"'contrast': scored is \[1, 6\]; expected ascending",
        ),
        (
            "scored = [1, 3]",
            "scored = [3, 1]",
            r"'contrast': scored is \[3, 1\]; expected ascending",
        ),
        (
            "scored = [1, 3]",
            "scored = [1, 1]",
            r"'contrast': scored is \[1, 1\]; expected ascending",
        ),
        ("scored = [1, 3]", "scored = []", r"'contrast': scored is \[\]; expected ascending"),
        (", { factor = 1 }", "", r"'contrast': expected 5 severities, got 4"),
        ("factor = 0.9", 'factor = "x"', r"severities\[0\]\.factor: expected float, got str"),
        (
            "factor = 0.9",
            "factor = nan",
            r"severities\[0\]\.factor = nan is out of range; give a finite",
        ),
        (
            "factor = 0.9",
            "factor = inf",
            r"severities\[0\]\.factor = inf is out of range; give a finite",
        ),
        ('name = "mine"', 'name = "mpc-15"', "name 'mpc-15' belongs to an included protocol"),
        (
            'name = "contrast"',
            'name = "clean"',
            "'clean': this name is reserved for clean images; choose another name",
        ),
        ("[[corruption]]", "[[corruption]", r"mine\.toml: not valid TOML"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path, old, new, message):
    assert old in CARD
    path = written(tmp_path, CARD.replace(old, new, 1))
    with pytest.raises(CardError, match=message) as caught:
        load_protocol(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "a/b",
        "/etc",
        r"a\\b",
        r"a\u0000",
        "",
        "x" * 65,
        ".x",
        "-x",
        "..",
        "nul",
        "COM1",
        "é",
        "a b",
        r"a\n",
        r"a\u001b[2J",
    ],
)
def test_a_name_that_is_no_folder_is_one_line(tmp_path, name):
    path = written(tmp_path, CARD.replace("contrast", name))
    with pytest.raises(CardError, match=r"mine\.toml: corruption\[0\]: name is ") as caught:
        load_protocol(path)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("category", ["a/b", "", "x" * 65])
def test_a_category_is_a_name(tmp_path, category):
    path = written(tmp_path, CARD.replace("digital", category))
    with pytest.raises(CardError, match="'contrast': category is '"):
        load_protocol(path)


@pytest.mark.parametrize(("key", "old"), [("name", "mine"), ("version", "2"), ("source", "a test")])
@pytest.mark.parametrize("text", ["", "  ", r"a\nb", r"a\u0000", "x" * 3000])
def test_a_text_is_short_and_printable(tmp_path, key, old, text):
    path = written(tmp_path, CARD.replace(f'{key} = "{old}"', f'{key} = "{text}"', 1))
    with pytest.raises(CardError, match=rf"mine\.toml: {key} is '.*printable") as caught:
        load_protocol(path)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("parameter", "value", "wanted"),
    [
        ("sigma", "1e30", "0.01 to 100"),
        ("sigma", "0", "0.01 to 100"),
        ("sigma", "-1", "0.01 to 100"),
        ("radius", "2.5", "a whole number of 0 to 500"),
        ("radius", "10000000000", "a whole number of 0 to 500"),
        ("quality", "0", "a whole number of 1 to 100"),
        ("photons", "1e9", "0.1 to 1000"),
        ("amount", "1.5", "0 to 1"),
    ],
)
def test_a_parameter_out_of_range_is_named_with_its_range(tmp_path, parameter, value, wanted):
    path = written(tmp_path, CARD.replace("factor = 0.8", f"{parameter} = {value}"))
    with pytest.raises(CardError) as caught:
        load_protocol(path)
    message = str(caught.value)
    assert f"mine.toml: corruption[0]: 'contrast': severity 2: {parameter} = " in message
    assert message.endswith(f" is out of range; give {wanted}")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("true", "expected float, got bool"),
        ('"1"', "expected float, got str"),
        ("[1]", "expected float, got list"),
        ("1" + "0" * 400, "an integer of at most 64 bits"),
        ("1" + "0" * 5000, "not valid TOML"),
    ],
)
def test_a_parameter_is_a_number(tmp_path, value, message):
    with pytest.raises(CardError, match=message):
        load_protocol(written(tmp_path, CARD.replace("factor = 0.9", f"factor = {value}")))


def test_every_parameter_of_every_corruption_has_a_range():
    named = {
        parameter.name
        for entry in CORRUPTIONS.values()
        for parameter in inspect.signature(entry.function).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    assert named == CORRUPTION_PARAMETERS.keys()


def test_names_differ_by_more_than_case(tmp_path):
    table = CARD[CARD.index("[[corruption]]") :].replace("contrast", "Contrast")
    with pytest.raises(CardError, match="'Contrast' is listed twice"):
        load_protocol(written(tmp_path, CARD + table))


def test_what_is_no_small_file_is_one_line(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(CardError, match=r"pipe\.toml: the protocol cannot be read \(a pipe"):
        load_protocol(tmp_path / "pipe.toml")
    with open(tmp_path / "large.toml", "wb") as file:
        file.truncate(2**40)
    with pytest.raises(
        CardError, match=r"large\.toml: the protocol cannot be read \(larger than 4 MiB"
    ):
        load_protocol(tmp_path / "large.toml")
    with pytest.raises(CardError, match="nested too deeply"):
        load_protocol(written(tmp_path, "a = " + "[" * 100_000))


def test_a_protocol_from_python_has_the_same_ranges():
    fog = load_protocol().perturbation("fog")
    with pytest.raises(
        CardError, match=r"'fog': severity 1: decay = 0\.0 is out of range; give 1 to 10"
    ):
        replace(fog, parameters=({"density": 1.0, "decay": 0.0}, *fog.parameters[1:]))
    with pytest.raises(CardError, match=r"name is '\.\./fog'"):
        replace(fog, name="../fog")


def test_a_shipped_protocol_by_its_path_is_itself():
    folder = resources.files("robustbench_seg.content.corruptions")
    for name in list_protocols():
        with resources.as_file(folder / f"{name}.toml") as path:
            assert load_protocol(path) == load_protocol(name)


def test_the_form_of_a_file_gives_the_protocol_back():
    for protocol in map(load_protocol, list_protocols()):
        table = json.loads(json.dumps(to_table(ProtocolFile.of(protocol))))
        assert from_table(ProtocolFile, table, "run.json").protocol == protocol


def test_numbers_and_lists_from_python_are_those_of_a_file(tmp_path):
    read = load_protocol(written(tmp_path, CARD))
    tables = [{"factor": 0.9}, {"factor": 0.8}, {"factor": 0.7}, {"factor": 0}, {"factor": 1}]
    made = replace(read, perturbations=(Perturbation("contrast", "digital", [True, 3.0], tables),))
    assert made == read
    assert made.severities_digest == read.severities_digest
    table = json.loads(json.dumps(to_table(ProtocolFile.of(made))))
    again = from_table(ProtocolFile, table, "run.json").protocol
    assert again.severities_digest == made.severities_digest


def test_protocols_differ_in_what_decides_scores():
    one = load_protocol()
    words = replace(one, name="a", version="9", source="b", perturbations=one.perturbations[::-1])
    assert one.first_difference(words) is None
    fewer = replace(one, perturbations=one.perturbations[1:])
    for first, second in ((one, fewer), (fewer, one)):
        assert first.first_difference(second) == one.names[0]
    for change in ({"scored": (1,)}, {"averaged": False}, {"category": "other"}):
        snow = replace(one.perturbation("snow"), **change)
        changed = [snow if each.name == "snow" else each for each in one.perturbations]
        assert one.first_difference(replace(one, perturbations=tuple(changed))) == "snow"


def test_names_are_unique(tmp_path):
    table = CARD[CARD.index("[[corruption]]") :]
    path = written(tmp_path, CARD + table)
    with pytest.raises(CardError, match="'contrast' is listed twice"):
        load_protocol(path)


def test_a_protocol_has_corruptions(tmp_path):
    head = CARD[: CARD.index("[[corruption]]")]
    with pytest.raises(CardError, match=r"it has no \[\[corruption\]\]"):
        load_protocol(written(tmp_path, head + "corruption = []\n"))


def test_missing_protocols_say_where_to_look(tmp_path):
    with pytest.raises(CardError, match="'cityscapes'; did you mean 'cityscapes-c'"):
        load_protocol("cityscapes")
    with pytest.raises(
        CardError, match=r"none\.toml: there is no such file; give the path of the p"
    ):
        load_protocol(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CardError, match=r"binary\.toml: the protocol is not UTF-8 text; save"):
        load_protocol(tmp_path / "binary.toml")


def test_which_severities_are_averaged_in_words():
    noises = "gaussian_noise, impulse_noise, shot_noise, speckle_noise"
    assert load_protocol().words.scored_text == f"1-5 of 12 corruptions; 1-3 of {noises}"
    assert load_protocol("city-c-fan").words.scored_text == "1-3 of 16 corruptions"
    assert load_protocol("mpc-15").words.scored_text == "1-5 of 15 corruptions"
    fog = replace(load_protocol(), perturbations=(load_protocol().perturbation("fog"),))
    assert fog.words.scored_text == "1-5 of fog"


def test_categories_with_their_corruptions():
    specs = load_protocol().by_category
    assert list(specs) == ["blur", "noise", "digital", "weather"]
    assert [each.name for each in specs["weather"]] == ["snow", "spatter", "fog", "frost"]
    assert sum(map(len, specs.values())) == 16


def test_severities_digest_depends_on_every_parameter_and_not_on_what_scores():
    protocol = load_protocol()
    first, *others = protocol.perturbations
    changed = dict(first.parameters[4])
    changed[next(iter(changed))] += 1
    harder = replace(first, parameters=(*first.parameters[:4], changed))
    unscored = replace(first, scored=(1,))
    digest = protocol.severities_digest
    assert replace(protocol, perturbations=(harder, *others)).severities_digest != digest
    assert replace(protocol, perturbations=(unscored, *others)).severities_digest == digest


def test_the_parameters_are_the_key_severities_of_a_table():
    fog = load_protocol().perturbation("fog")
    table = to_table(fog)
    assert table["severities"] == list(fog.parameters)
    assert "parameters" not in table
    assert from_table(Perturbation, table, "t") == fog
    with pytest.raises(CardError, match="t: the key 'severities' is missing"):
        from_table(Perturbation, {k: v for k, v in table.items() if k != "severities"}, "t")
