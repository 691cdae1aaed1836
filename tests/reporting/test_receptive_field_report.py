"""The Python function erf: the same files and errors as those of the command."""

import pandas as pd
import pytest

from robustbench_seg.errors import DatasetError, ModelError, OptionError
from robustbench_seg.reporting.receptive_field_report import erf
from robustbench_seg.reporting.tables.receptive_fields import field_table

MODEL = "segformer-b0-minicity"


def test_erf_returns_the_fields_and_writes_their_table(tmp_path, capsys):
    measured = erf([MODEL], dataset="minicity", images=1, size=(64, 128), out=tmp_path)
    assert (measured.dataset, measured.split, measured.images) == ("minicity", "val", 1)
    assert list(measured.fields) == [MODEL]
    assert measured.fields[MODEL]["stage 1"].energy.shape == (64, 128)
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "erf.csv"), field_table(measured), atol=1e-4
    )
    assert {path.name for path in tmp_path.iterdir()} == {"erf.csv", "erf.svg", "erf.png"}
    assert capsys.readouterr() == ("", "")


def test_erf_s_errors_name_no_option(tmp_path):
    for options, error, message in (
        ({"size": (256, 256)}, DatasetError, "choose a smaller size"),
        ({"models": ["hf:a/b"]}, ModelError, "its stages are unknown"),
        ({"models": ["a", "b"], "weights": "w"}, ModelError, "are for a single model"),
    ):
        with pytest.raises(error, match=message) as raised:
            erf(**{"models": [MODEL], "dataset": "minicity", "out": tmp_path / "out", **options})
        assert "--" not in str(raised.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"models": []}, "give a model: the name of a card, or a card file"),
        ({"images": 0}, "images = 0 is out of range; give an integer, 1 to 100000"),
        ({"size": (0, 64)}, "the size 0x64 is out of range; give sides of 1 to"),
        ({"sise": (64, 64)}, "unknown option of erf 'sise'; did you mean 'size'"),
    ],
)
def test_a_wrong_option_of_erf_is_one_line(options, message):
    with pytest.raises(OptionError, match=message):
        erf(**{"models": [MODEL], "dataset": "minicity", **options})


def test_a_single_model_needs_no_list(monkeypatch):
    specs = []
    monkeypatch.setattr(
        "robustbench_seg.reporting.receptive_field_report.measure_fields",
        lambda spec, progress: specs.append(spec),
    )
    erf(MODEL, dataset="minicity")
    erf([MODEL], dataset="minicity")
    assert specs[0] == specs[1]


def test_erf_writes_nothing_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    erf([MODEL], dataset="minicity", images=1, size=(64, 128))
    assert list(tmp_path.iterdir()) == []
