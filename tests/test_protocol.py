from pathlib import Path

import pytest

from robustbench_seg.errors import CardError, CorruptionError
from robustbench_seg.protocol import CLEAN, Condition, load_protocol

TABLE_5 = {
    "blur": ("motion_blur", "defocus_blur", "glass_blur", "gaussian_blur"),
    "noise": ("gaussian_noise", "impulse_noise", "shot_noise", "speckle_noise"),
    "digital": ("brightness", "contrast", "saturate", "jpeg_compression"),
    "weather": ("snow", "spatter", "fog", "frost"),
}

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


def test_cityscapes_c_is_table_5_of_segformer():
    protocol = load_protocol("cityscapes-c")
    assert protocol.name == "cityscapes-c"
    assert protocol.names == sum(TABLE_5.values(), ())
    assert protocol.categories == tuple(TABLE_5)
    for spec in protocol.corruptions:
        assert spec.name in TABLE_5[spec.category]
        assert spec.scored == ((1, 2, 3) if spec.category == "noise" else (1, 2, 3, 4, 5))
    assert len(protocol.conditions()) == 80
    assert len(protocol.scored_conditions) == 72


def test_parameters_are_floats_out_of_the_file():
    protocol = load_protocol()
    assert protocol.spec("motion_blur").severities[4] == {"radius": 20.0, "sigma": 15.0}
    assert protocol.spec("shot_noise").severities[0] == {"photons": 60.0}
    values = [v for s in protocol.corruptions for table in s.severities for v in table.values()]
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
    some = protocol.conditions(corruptions=["fog", "gaussian_blur", "fog"], severities=(4, 2))
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
        load_protocol().spec("fogg")
    with pytest.raises(CorruptionError, match="did you mean 'snow'"):
        load_protocol().conditions(corruptions=["snoww"])


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
        ('version = "2"', "version = 2", r"mine\.toml: version: str wanted, int given"),
        ('source = "a test"', "", r"mine\.toml: the key 'source' is missing"),
        ("scored = [1, 3]", "", r"corruption\[0\]: the key 'scored' is missing"),
        ("scored = [1, 3]", 'scored = ["1"]', r"scored\[0\]: int wanted, str given"),
        ("scored = [1, 3]", "scored = [0, 1]", r"'contrast': scored is \[0, 1\]; ascending"),
        ("scored = [1, 3]", "scored = [1, 6]", r"'contrast': scored is \[1, 6\]; ascending"),
        ("scored = [1, 3]", "scored = [3, 1]", r"'contrast': scored is \[3, 1\]; ascending"),
        ("scored = [1, 3]", "scored = [1, 1]", r"'contrast': scored is \[1, 1\]; ascending"),
        ("scored = [1, 3]", "scored = []", r"'contrast': scored is \[\]; ascending"),
        (", { factor = 1 }", "", r"'contrast': 5 severities wanted, 4 given"),
        ("factor = 0.9", 'factor = "x"', r"severities\[0\]\.factor: float wanted, str given"),
        ('name = "contrast"', 'name = "clean"', "'clean': this name is kept for the clean images"),
        ("[[corruption]]", "[[corruption]", r"mine\.toml: not valid TOML"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path, old, new, message):
    assert old in CARD
    path = written(tmp_path, CARD.replace(old, new, 1))
    with pytest.raises(CardError, match=message) as caught:
        load_protocol(path)
    assert "\n" not in str(caught.value)


def test_names_are_unique(tmp_path):
    table = CARD[CARD.index("[[corruption]]") :]
    path = written(tmp_path, CARD + table)
    with pytest.raises(CardError, match="corruption 'contrast' is there twice"):
        load_protocol(path)


def test_a_protocol_has_corruptions(tmp_path):
    head = CARD[: CARD.index("[[corruption]]")]
    with pytest.raises(CardError, match=r"there is no \[\[corruption\]\]"):
        load_protocol(written(tmp_path, head + "corruption = []\n"))


def test_missing_protocols_say_where_to_look(tmp_path):
    with pytest.raises(CardError, match="'cityscapes'; did you mean 'cityscapes-c'"):
        load_protocol("cityscapes")
    with pytest.raises(CardError, match=r"none\.toml: cannot read the protocol: No such file"):
        load_protocol(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CardError, match=r"binary\.toml: cannot read the protocol: not UTF-8"):
        load_protocol(tmp_path / "binary.toml")
