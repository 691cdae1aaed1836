"""Wrong arguments of the command `ablation` give one line."""

import pytest
from click.testing import CliRunner

from robustbench_seg.cli.main import main


def run(*arguments: str):
    return CliRunner().invoke(main, ["ablation", *arguments])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--lr", "high"], "Invalid value for '--lr': 'high' is not a valid float."),
        (["--learning-rate", "1"], "No such option"),
        (["--batch", "0"], "0 is not in the range 1<=x<=65536"),
        (["more"], "Got unexpected extra argument (more)"),
    ],
)
def test_a_wrong_option_of_trainings_is_an_error(options, message, tmp_path):
    done = run("width", "--dry-run", "--out", str(tmp_path), *options)
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (
            ["A", "B"],
            "--encoder: two weights without V=; give one for all networks, or write V=W for each",
        ),
        (["c51=Q"], "unknown network 'c51'; did you mean 'c512'"),
        (["c1024=Q"], "unknown network 'c1024'"),
    ],
)
def test_an_encoder_for_no_network_is_refused(weights, message, tmp_path):
    words = [word for text in weights for word in ("--encoder", text)]
    only = ("--variant", "c256", "--variant", "c512")
    done = run("width", "--dry-run", *only, *words, "--out", str(tmp_path))
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["encoders", "--variant", "resnet5"],
            "unknown variant 'resnet5'; did you mean 'resnet50'? Known: resnet50, resnet101, "
            "resnext101, mit-s4, mit",
        ),
        (
            ["widht"],
            "unknown ablation 'widht'; did you mean 'width'? Known: encoders, positions, width",
        ),
    ],
)
def test_an_unknown_name_is_one_line(words, message, tmp_path):
    done = run(*words, "--out", str(tmp_path / "o"))
    assert done.exit_code == 2
    assert done.stderr == f"robustseg: {message}\n"
    assert not (tmp_path / "o").exists()
