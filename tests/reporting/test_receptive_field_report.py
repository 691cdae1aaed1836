"""The Python function erf: the same files and errors as those of the command."""

import pandas as pd
import pytest

from robustbench_seg.errors import DatasetError, ModelError
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


def test_erf_writes_nothing_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    erf([MODEL], dataset="minicity", images=1, size=(64, 128))
    assert list(tmp_path.iterdir()) == []
