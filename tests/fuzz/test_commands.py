"""The command line: any words end with an exit code of the list and one line."""

import re

import click
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from robustbench_seg.cli.main import main
from tests.fuzz.conftest import limits

HOSTILE = [
    "",
    " ",
    "-",
    "--",
    "0",
    "-1",
    "1.5",
    "nan",
    "inf",
    "1e9",
    "100000",
    "999999999999999999999",
    "1/2",
    "0/0",
    "3/2",
    "1x1",
    "0x0",
    "99999x99999",
    "a:b",
    "http:x",
    "hf:",
    "onnx:",
    "python:",
    "python:os:system",
    "none",
    "fog",
    "clean",
    "minicity",
    "segformer-b0",
    "x" * 300,
    "é\u202e",
    "a\tb\nc",
    "\udcff",
    "missing/folder",
    "missing.toml",
    "/dev/null",
    "..",
    "#sha256=00",
]
"""Words of a command that few options expect."""

CHARACTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
"""A command line cannot hold others, but for bytes that are no UTF-8, such as "\\udcff"."""

LONG = {"demo", "ablation"}
"""Commands that take minutes with few words."""


def commands(group: click.Group, path: tuple[str, ...] = ()):
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        elif (path or (name,))[0] not in LONG:
            yield (*path, name), command


COMMANDS = dict(commands(main))


@st.composite
def words(draw):
    """A command with some of its options and arguments, each with a hostile value."""
    path = draw(st.sampled_from(sorted(COMMANDS)))
    values = st.sampled_from(HOSTILE) | st.text(CHARACTERS, max_size=8)
    result = list(path)
    for parameter in COMMANDS[path].params:
        # Without --model, cost counts all models, which takes half a minute.
        if "--model" not in parameter.opts and not draw(st.integers(0, 2)):
            continue
        if isinstance(parameter, click.Option):
            result.append(parameter.opts[-1])
            if parameter.is_flag:
                continue
        elif parameter.nargs == -1 and not draw(st.booleans()):
            continue
        result.append(draw(values))
    return result


def run(asked: list[str]):
    runner = CliRunner()
    with runner.isolated_filesystem(), limits():
        return runner.invoke(main, asked, catch_exceptions=True)


def check(asked: list[str]) -> None:
    result = run(asked)
    assert result.exception is None or isinstance(result.exception, SystemExit), (
        f"{asked}: {type(result.exception).__name__}: {result.exception}"
    )
    assert result.exit_code in (0, 1, 2), asked
    if result.exit_code:
        assert re.search(r"robustseg: |Error: |Usage: ", result.stderr), (asked, result.stderr)
    assert "Traceback" not in result.output


FEW = settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@given(words())
@FEW
def test_any_words(asked):
    check(asked)


@pytest.mark.slow
@given(words())
@settings(FEW, max_examples=5000, derandomize=False)
def test_many_other_words(asked):
    check(asked)
