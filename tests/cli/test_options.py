"""An option that several commands have stands once, in options.py."""

import ast
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from robustbench_seg.cli import options
from robustbench_seg.cli.parsers import parse_adapt_images, parse_augment, parse_temperature
from robustbench_seg.records.values.shard import Shard

CLI = Path(options.__file__).parent
OTHER_MEANING = {
    "ablation.py": {"--seed"},
    "train.py": {"--seed"},
    "evaluate.py": {"--batch", "--workers"},
    "generate_cityscapes_c.py": {"--workers"},
    "class_frequencies.py": {"--out"},
    "pack.py": {"--out"},
}
"""Options of a shared name that mean something else: a training's seed, an evaluation's batch, a
file in place of a folder."""


def declared(path, function):
    """The first argument of each call of `function`, or of an attribute of that name."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return [
        call.args[0].value
        for call in calls
        if function in (getattr(call.func, "id", ""), getattr(call.func, "attr", ""))
    ]


@pytest.mark.parametrize("path", sorted(CLI.glob("*.py")), ids=lambda path: path.name)
def test_no_command_declares_a_shared_option_again(path):
    shared = declared(CLI / "options.py", "_shared")
    assert len(shared) > 15
    others = OTHER_MEANING.get(path.name, set())
    assert set(declared(path, "option")) & set(shared) - others == set()


@pytest.mark.parametrize(
    ("name", "default"),
    [
        *[("dataset", "cityscapes"), ("split", "val"), ("stream", "fast"), ("seed", "0;")],
        *[("device", "cpu"), ("precision", "float32"), ("protocol", "cityscapes-c")],
        *[("threads", "all cores"), ("corruptions", "all"), ("severities", "all")],
    ],
)
def test_a_shared_option_shows_its_default(name, default):
    @click.command()
    @getattr(options, name)()
    def command(**values):
        pass

    shown = " ".join(CliRunner().invoke(command, ["--help"]).output.split())
    assert f"[default: {default}" in shown


def test_a_command_changes_what_differs():
    @click.command()
    @options.corruptions("names")
    @options.split(default="train")
    @options.size("sizes", multiple=True)
    @options.shard()
    def command(**values):
        click.echo(repr(values))

    words = ["--corruption", "fog", "--size", "4x6", "--size", "8X10", "--shard", "2/3"]
    result = CliRunner().invoke(command, words)
    assert eval(result.output, {"Shard": Shard}) == {
        "names": ("fog",),
        "split": "train",
        "sizes": ((4, 6), (8, 10)),
        "shard": Shard(2, 3),
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--size", "64"], "'64' is not a size; write height x width, such as 512x1024"),
        (
            ["--size", "0x4"],
            "the size 0x4 is out of range; give sides of 1 to 32768 pixels, and at most",
        ),
        (["--shard", "3/2"], "'3/2' is not a shard; write I/N with I from 1 to N, such as 1/8"),
    ],
)
def test_a_value_that_cannot_be_is_named(words, message):
    @click.command()
    @options.size()
    @options.shard()
    def command(**values):
        pass

    result = CliRunner().invoke(command, words)
    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize(("text", "value"), [("none", None), ("fit", "fit"), ("1.5", 1.5)])
def test_a_temperature_is_a_number_or_a_word(text, value):
    parameter = click.Option(["--temperature"])
    assert parse_temperature(click.Context(click.Command("x")), parameter, text) == value


@pytest.mark.parametrize("text", ["0", "-1", "nan", "warm", ""])
def test_other_temperatures_are_refused(text):
    with pytest.raises(click.BadParameter, match=r"is not a temperature; give 0.01 to 100, fit or"):
        parse_temperature(click.Context(click.Command("x")), click.Option(["--temperature"]), text)


def parsed(parse, text):
    return parse(click.Context(click.Command("x")), click.Option(["--x"]), text)


def test_images_of_an_adaptation_are_a_number_or_all():
    assert [parsed(parse_adapt_images, text) for text in (16, "3", "all")] == [16, 3, "all"]
    for text in ("0", "many", "", "1.5"):
        with pytest.raises(click.BadParameter, match=r"is not a number of images; give 1 to .*all"):
            parsed(parse_adapt_images, text)


def test_an_augmentation_is_written_in_one_form():
    assert parsed(parse_augment, "1.25, flip,.75,1") == "flip,0.75,1.25"
    assert parsed(parse_augment, None) is None
    with pytest.raises(click.BadParameter, match="'flop' is neither flip nor a scale"):
        parsed(parse_augment, "flop")
