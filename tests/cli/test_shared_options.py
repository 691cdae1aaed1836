"""Options follow from the fields of specifications; shared_options.py has the shared ones."""

import ast
import re
from dataclasses import fields, replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from robustbench_seg.cli import shared_options
from robustbench_seg.cli.evaluate import evaluate
from robustbench_seg.cli.field_option import flag_of
from robustbench_seg.cli.generate_cityscapes_c import generate_cityscapes_c
from robustbench_seg.cli.main import main
from robustbench_seg.cli.parsers import normalise_augment, parse_adapt_images, parse_temperature
from robustbench_seg.cli.train import train
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec, evaluation_spec
from robustbench_seg.records.specs.training_spec import TrainingSpec, training_spec
from robustbench_seg.records.specs.tree_spec import TreeSpec, tree_spec
from robustbench_seg.records.values.shard import Shard

CLI = Path(shared_options.__file__).parent
OTHER_MEANING = {
    "ablation.py": {"--seed"},
    "train.py": {"--seed"},
    "evaluate.py": {"--batch", "--workers", "--seed", "--precision"},
    "generate_cityscapes_c.py": {"--workers"},
    "class_frequencies.py": {"--out"},
    "pack.py": {"--out"},
}
"""Options of a shared name that mean something else: a training's seed, several seeds, int8, an
evaluation's batch, a file in place of a folder."""

FLAG_PLACE = {"_shared": 0, "option": 0, "_option": 1, "_of": 2, "field_option": 2}
"""Which argument of a function is the flag. Before it is the name of the field, if there is one."""


def declared(path, *functions):
    """The flags that a file declares by calls of the functions, or of attributes of these names."""
    flags = set()
    for node in ast.walk(ast.parse(path.read_text())):
        called = getattr(node, "func", None)
        name = getattr(called, "id", getattr(called, "attr", ""))
        if name in functions:
            place = FLAG_PLACE[name]
            words = [getattr(each, "value", None) for each in node.args[: place + 1]]
            flags.add(words[place] if len(words) > place else flag_of(words[-1]))
    return flags


@pytest.mark.parametrize("path", sorted(CLI.glob("*.py")), ids=lambda path: path.name)
def test_no_command_declares_a_shared_option_again(path):
    shared = {flag for flag in declared(CLI / "shared_options.py", "_shared", "_of") if flag}
    assert len(shared) > 30
    again = declared(path, "option", "_option", "field_option") & shared
    assert again <= OTHER_MEANING.get(path.name, set())


def values(command, *words):
    """The arguments that a command line without options passes to the library."""
    return command.make_context("x", list(words)).params


def test_the_defaults_of_the_commands_are_those_of_the_specifications():
    given = values(evaluate, "--model", "m")
    spec = evaluation_spec(given.pop("models"), **given)
    assert spec == replace(EvaluationSpec(("m",)), command=spec.command)
    tree = values(generate_cityscapes_c, "--out", "o")
    assert tree_spec(**tree) == TreeSpec(Path("o"))
    training = values(train, "--model", "m", "--out", "o")
    assert training_spec(**training) == TrainingSpec("m", Path("o"))


@pytest.mark.parametrize(
    ("command", "spec", "without"),
    [
        (evaluate, EvaluationSpec, {"folder", "command"}),
        (generate_cityscapes_c, TreeSpec, set()),
        (train, TrainingSpec, {"recipe"}),
    ],
)
def test_every_field_of_a_specification_has_an_option(command, spec, without):
    parameters = {parameter.name for parameter in command.params}
    assert {each.name for each in fields(spec)} - parameters == without


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["--adapt-images", "all"], "adapt_images", "all"),
        (["--adapt-images", "3"], "adapt_images", 3),
        (["--seed", "1", "--seed", "2"], "seeds", (1, 2)),
        (["--limit", "2"], "limit", 2),
        (["--adapt-prior", "2.5"], "adapt_prior", 2.5),
        (["--temperature", "1.5"], "temperature", 1.5),
        (["--corrupted", "tree"], "corrupted", Path("tree")),
        (["--round"], "round_attacks", True),
        (["--precision", "int8"], "precision", "int8"),
    ],
)
def test_words_become_values_of_the_field_s_type(words, name, value):
    found = values(evaluate, "--model", "m", *words)[name]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "words", [["--limit", "0"], ["--precision", "fp8"], ["--seed", "-1"], ["--batch", "many"]]
)
def test_values_that_a_field_does_not_have_are_refused(words):
    with pytest.raises(click.BadParameter, match="is not"):
        values(evaluate, "--model", "m", *words)


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
    @getattr(shared_options, name)()
    def command(**values):
        pass

    shown = " ".join(CliRunner().invoke(command, ["--help"]).output.split())
    assert f"[default: {default}" in shown


def test_a_command_changes_what_differs():
    @click.command()
    @shared_options.corruptions("names")
    @shared_options.split(default="train")
    @shared_options.size("sizes", multiple=True)
    @shared_options.shard()
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
    @shared_options.size()
    @shared_options.shard()
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
    words = ["evaluate", "--model", "segformer-b0", "--temperature", text]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert "is not valid; give 0.01 to 100, or fit" in " ".join(result.stderr.split())


def parsed(parse, text):
    return parse(click.Context(click.Command("x")), click.Option(["--x"]), text)


def test_images_of_an_adaptation_are_a_number_or_all():
    assert [parsed(parse_adapt_images, text) for text in (16, "3", "all")] == [16, 3, "all"]
    for text in ("0", "many", "", "1.5"):
        words = ["evaluate", "--model", "x", "--adapt", "bn", "--adapt-images", text]
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 2
        assert re.search(r"is not valid; give 1 to .*, or all", " ".join(result.stderr.split()))


def test_an_augmentation_is_written_in_one_form():
    assert parsed(normalise_augment, "1.25, flip,.75,1") == "flip,0.75,1.25"
    assert parsed(normalise_augment, None) is None
    with pytest.raises(click.BadParameter, match="'flop' is neither flip nor a scale"):
        parsed(normalise_augment, "flop")
