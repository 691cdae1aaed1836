"""A published table and the TOML file next to it: each error is one line."""

import pytest

from robustbench_seg.errors import RobustsegError
from robustbench_seg.reporting.literature.published_tables import (
    list_published_tables,
    published_table,
    read_published_table,
    score_columns,
    table_description,
)

TOML = """
title = "Two models"
kind = "scores"
citation = "segformer"
copied_from = "a paper, Table 1"
dataset = "cityscapes"
images = { cityscapes = 500 }

[measured]
protocol = "cityscapes-c"
corruptions = "16"
severities = "1-5"
averaging = "mean"
colour_order = "RGB"
resolution = "1024x2048"
inference = "whole"

[columns]
acdc = "on ACDC"
"""
CSV = "model,clean,fog,acdc\na,80.0,70.0,50\nb,75.0,,40\n"


@pytest.mark.parametrize("name", list_published_tables())
def test_every_table_says_where_it_is_from(name):
    description, table = table_description(name), published_table(name)
    assert description.copied_from
    assert description.bibtex.startswith("@")
    assert len(table)
    if description.kind == "scores":
        assert description.measured.colour_order
        assert len(score_columns(table))


def test_a_table_is_read_with_its_description(tmp_path):
    (tmp_path / "two.toml").write_text(TOML)
    (tmp_path / "two.csv").write_text(CSV)
    description, table = read_published_table(tmp_path, "two")
    assert description.protocol == "cityscapes-c"
    assert list(score_columns(table)) == ["clean", "fog", "acdc"]
    assert description.images == {"cityscapes": 500}


@pytest.mark.parametrize(
    ("toml", "csv", "message"),
    [
        ((), (",acdc", ",mood"), "the column 'mood' is not described; describe it in .columns. of"),
        ((), (",acdc\n", "\n"), "two.toml describes 'acdc', which is not a column"),
        ((), ("70.0", "700"), "two.csv: a: fog is 700.0; give percent, 0 to 100"),
        ((), ("70.0", "many"), "two.csv: a: fog is many; give percent, 0 to 100"),
        ((), ("\nb,", "\na,"), "two.csv: a is listed twice; keep one row"),
        ((), ("model", "crop"), "two.csv: there is no column 'model'"),
        (('dataset = "cityscapes"', ""), (), "the dataset is a column or a key of the TOML file"),
        (('"scores"', '"table"'), (), "two.toml: a table of scores needs the key 'measured'"),
        (('"segformer"', '"segformr"'), (), "citation: unknown key 'segformr'; did you mean"),
        (("dataset =", 'also_cited = { x = "rows" }\ndataset ='), (), "citation: unknown key 'x'"),
        (("images = { c", 'benchmark = "B"\nimages = { not_c'), (), "benchmark: its table needs a"),
        (('"cityscapes-c"', '"cityscapes"'), (), "unknown protocol 'cityscapes'; did you mean"),
        (("title", "titel"), (), "two.toml: unknown key 'titel'; did you mean 'title'"),
        (('[measured]', 'rules = ["bright"]\n[measured]'), (), "rules.*unknown value 'bright'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path, toml, csv, message):
    (tmp_path / "two.toml").write_text(TOML.replace(*toml) if toml else TOML)
    (tmp_path / "two.csv").write_text(CSV.replace(*csv) if csv else CSV)
    with pytest.raises(RobustsegError, match=message) as caught:
        read_published_table(tmp_path, "two")
    assert "\n" not in str(caught.value)


def test_a_table_without_description_is_refused(tmp_path):
    (tmp_path / "two.csv").write_text(CSV)
    with pytest.raises(RobustsegError, match=r"two\.csv: there is no two\.toml next to it"):
        read_published_table(tmp_path, "two")
