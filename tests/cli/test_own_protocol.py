"""A study under a protocol of one's own, whose file is lost after the evaluation."""

import json

import pytest
from click.testing import CliRunner

import robustbench_seg as rs
from robustbench_seg.cli.main import main
from tests.evaluation.conftest import Reds, Toy

HAZE = """
name = "haze"
version = "1"
source = "a test"

[[corruption]]
name = "contrast"
category = "digital"
scored = [1, 2]
severities = [{factor = 0.9}, {factor = 0.7}, {factor = 0.5}, {factor = 0.3}, {factor = 0.1}]

[[corruption]]
name = "brightness"
category = "digital"
scored = [1, 2]
severities = [{add = 0.1}, {add = 0.2}, {add = 0.3}, {add = 0.4}, {add = 0.5}]
"""


def command(*words, code=0):
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def study(tmp_path):
    """The run folders of two models."""
    path, models = tmp_path / "haze.toml", [Reds("one"), Reds("two", facts={"shift": 1})]
    path.write_text(HAZE)
    runs = rs.evaluate(model=models, dataset=Toy(3), protocol=path, out=tmp_path / "runs")
    path.unlink()
    return [run.path for run in runs]


def test_the_run_folders_are_enough(study, tmp_path):
    stored = json.loads((study[0] / "run.json").read_text())["own_protocol"]
    assert [each["scored"] for each in stored["corruption"]] == [[1, 2], [1, 2]]
    compared = command("compare", "one", "two", "--runs", tmp_path / "runs").stdout
    assert "protocol haze version 1; scored: severities 1-2" in compared
    command("report", tmp_path / "runs", "--out", tmp_path / "report", "--no-pictures")
    page = (tmp_path / "report/index.html").read_text()
    assert "haze" in page
    assert "--protocol" not in page, "the command on the page needs no file"
    packs = tmp_path / "packs"
    for folder in study:
        command("pack", folder, "--out", packs / f"{folder.name}.pack.zip")
    command("leaderboard", packs, "--out", tmp_path / "site")
    assert "haze" in (tmp_path / "site/index.html").read_text()


def test_a_given_protocol_wins_and_other_parameters_are_refused(study, tmp_path):
    (tmp_path / "mild.toml").write_text(
        HAZE.replace('"haze"', '"mild"').replace("scored = [1, 2]", "scored = [1]")
    )
    (tmp_path / "dark.toml").write_text(HAZE.replace("factor = 0.9", "factor = 0.8"))
    names = ["compare", *study, "--protocol"]
    assert "protocol mild version 1; scored: severities 1 " in command(
        *names, tmp_path / "mild.toml"
    ).stdout.replace("\n", " ")
    refused = command(*names, tmp_path / "dark.toml", code=2).stderr
    assert "corrupted under haze 1, whose parameters differ from those of haze 1" in refused
