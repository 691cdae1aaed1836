import pandas as pd
import pytest

from robustbench_seg.errors import ModelError, OptionError
from robustbench_seg.reporting.cost_report import cost


def test_a_card_is_counted_where_the_paper_counts_it_else_at_its_dataset_s_size():
    names = ["segformer-b0-512", "segformer-b0-ade20k", "segformer-b0-minicity"]
    table = cost(names).set_index("model")
    assert table["size"].tolist() == ["512x1024", "512x512", "192x384"]
    assert table.loc["segformer-b0-512", "paper_images_per_s"] == 47.6
    assert table.loc["segformer-b0-512", "gmacs_written"] == pytest.approx(17.7, abs=0.1)
    assert pd.isna(table.loc["segformer-b0-minicity", "paper_gmacs"])
    assert table["classes"].tolist() == [19, 150, 19]
    assert table.loc["segformer-b0-ade20k", "miou"] == 37.4
    assert "seconds" not in table


def test_a_card_that_scales_images_is_counted_at_what_its_network_sees():
    names = ["deeplabv3plus-r18-openmmlab-769", "segformer-b5-openmmlab-ade20k-640"]
    assert cost(names)["size"].tolist() == ["1025x2049", "640x640"]


def test_clean_scores_of_trained_cards_are_those_of_their_training(tmp_path):
    text = (
        'architecture = "segformer"\ndataset = "camvid"\nclasses = 11\nvariant = { size = "b0" }\n'
        '[weights]\nsource = "none"\n[preprocessing]\nmean = [0, 0, 0]\nstd = [1, 1, 1]\n'
        '[inference]\nmode = "whole"\n[training]\ncommand = "robustseg train"\nminutes = 1.0\n'
        'hardware = "a machine"\niterations = 7\nseed = 0\nmiou = 12.34\n'
    )
    (tmp_path / "own.toml").write_text(text)
    assert cost([str(tmp_path / "own.toml")])["miou"].tolist() == [12.34]


def test_sizes_that_are_asked_for_replace_those(tmp_path):
    table = cost("segformer-b0", [(64, 64), (128, 64)])
    assert table["size"].tolist() == ["64x64", "128x64"]
    # Twice the pixels double the cost, except that of attention, which grows faster.
    small, large = table["gmacs_written"]
    assert 2 < large / small < 2.3


def test_a_model_of_the_user_s_own_is_counted_and_measured(tmp_path):
    card = tmp_path / "own.toml"
    card.write_text(
        'architecture = "segformer"\ndataset = "camvid"\nclasses = 11\nvariant = { size = "b0" }\n'
        '[weights]\nsource = "none"\nlicence = "none"\n'
        '[preprocessing]\nmean = [0, 0, 0]\nstd = [1, 1, 1]\n[inference]\nmode = "whole"\n'
    )
    (row,) = cost([str(card)], repeat=1, threads=1).to_dict("records")
    assert (row["model"], row["dataset"], row["size"]) == ("own", "camvid", "360x480")
    assert row["images_per_s"] == pytest.approx(1 / row["seconds"])
    assert row["peak_mb"] > 50
    assert row["threads"] == 1


def test_an_unknown_card_is_named():
    with pytest.raises(ModelError, match="unknown model 'segformer-b7'"):
        cost(["segformer-b7"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"repeat": -1}, "repeat = -1 is out of range; give an integer, 0 to 10000"),
        ({"precision": "bf17"}, "unknown precision 'bf17'; did you mean 'bf16'"),
        ({"repeats": 1}, "unknown option of cost 'repeats'; did you mean 'repeat'"),
    ],
)
def test_a_wrong_option_of_cost_is_one_line(options, message):
    with pytest.raises(OptionError, match=message):
        cost(["segformer-b0"], **options)


def test_cost_returns_its_table_and_writes_only_when_asked(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = cost(["segformer-b0-minicity"], [(64, 64)])
    assert table[["model", "size"]].values.tolist() == [["segformer-b0-minicity", "64x64"]]
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr() == ("", "")
    cost(["segformer-b0-minicity"], [(64, 64)], out="there")
    names = {path.name for path in (tmp_path / "there").iterdir()}
    assert names == {"cost.csv", "published.csv", "size.svg", "size.png"}


def test_the_size_of_a_dataset_without_a_file_is_512(tmp_path):
    card = tmp_path / "own.toml"
    card.write_text(
        'architecture = "segformer"\ndataset = "quarry"\nclasses = 3\nvariant = { size = "b0" }\n'
        '[weights]\nsource = "none"\n[preprocessing]\nmean = [0, 0, 0]\nstd = [1, 1, 1]\n'
        '[inference]\nmode = "whole"\n'
    )
    assert cost([str(card)])["size"].tolist() == ["512x512"]
