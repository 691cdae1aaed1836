import csv

from click.testing import CliRunner

from robustbench_seg.cli.main import main


def run(*arguments):
    return CliRunner().invoke(main, ["transfer", *map(str, arguments)])


def test_the_published_table(tmp_path):
    file = tmp_path / "transfer.csv"
    result = run("--literature", "semsegbench", "--csv", file, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == str(tmp_path / "out" / "transfer.png")
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    found = {
        row["models"]: round(float(row["pearson"]), 3)
        for row in rows
        if (row["predictor"], row["target"]) == ("mean", "acdc")
    }
    assert found == {"32": 0.704, "26": 0.952}


def test_the_intervals_of_the_table_are_those_asked_for(tmp_path):
    lows = []
    for resample in ("models", "families"):
        file, out = tmp_path / f"{resample}.csv", tmp_path / resample
        arguments = ("--resample", resample, "--csv", file, "--out", out)
        assert run("--literature", "semsegbench", *arguments).exit_code == 0
        assert (out / "transfer.csv").read_text() == file.read_text()
        with file.open(newline="") as lines:
            lows.append(float(next(csv.DictReader(lines))["pearson_low"]))
    assert lows[1] < lows[0]


def test_misuse_is_one_line(tmp_path):
    (tmp_path / "mine.csv").write_text("a\n")
    for arguments, message in (
        ((), "give runs on corrupted and on real images, or a source"),
        (("--literature", "semsegbanch"), "did you mean 'semsegbench'?"),
        (("--literature", "semsegbench", "--csv", tmp_path / "mine.csv"), "exists and is not"),
    ):
        result = run(*arguments)
        assert result.exit_code == 2
        (line,) = result.stderr.splitlines()
        assert message in line
