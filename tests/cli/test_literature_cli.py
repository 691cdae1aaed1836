import csv

from click.testing import CliRunner

from robustbench_seg.cli.main import main


def run(*arguments):
    return CliRunner().invoke(main, ["literature", *map(str, arguments)])


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_audit_as_a_file(tmp_path):
    file = tmp_path / "check.csv"
    result = run("--check", "--csv", file)
    assert result.exit_code == 0
    rows = rows_of(file)
    assert list(rows[0]) == ["source", "model", "dataset", "crop", "kind", "flag"]
    assert [row["kind"] for row in rows if row["source"] == "semsegbench"].count("cells") == 9
    assert result.stdout.count("semsegbench ") == 10
    assert run("--check", "--csv", file).exit_code == 0  # it replaces its own file


def test_rows_with_their_flags(tmp_path):
    file = tmp_path / "rows.csv"
    result = run("--dataset", "cityscapes", "segformer-b5", "--csv", file)
    assert [line.split()[0] for line in result.stdout.splitlines()] == [
        *("source", "cityscapes_c", "semsegbench", "semsegbench")
    ]
    assert "brightness 17.3 below clean" in result.stdout.splitlines()[2]
    rows = rows_of(file)
    assert [row["kind"] for row in rows] == ["", "cells", ""]
    assert float(rows[2]["acdc"]) == 58.75


def test_misuse_is_one_line(tmp_path):
    (tmp_path / "mine.csv").write_text("a,b\n")
    assert "--check covers all published tables" in run("--check", "fan").stderr
    other = run("fan", "--csv", tmp_path / "mine.csv")
    assert other.exit_code == 2
    assert "exists and is not the output of this command" in other.stderr
    assert (tmp_path / "mine.csv").read_text() == "a,b\n"
