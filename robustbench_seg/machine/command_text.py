"""The command of this process, and commands of robustseg, as text for readers."""

import shlex
import sys
from collections.abc import Collection, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from robustbench_seg.text import printable


def command_line() -> str:
    """Return the command that this process was started with, quoted for a shell."""
    return printable(shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]))


def command_start(processes: int = 1) -> list[str]:
    """Return the words that start a command of robustseg.

    Args:
        processes: Number of processes; torchrun starts more than one.

    >>> command_start(2)
    ['torchrun', '--standalone', '--nproc-per-node=2', '-m', 'robustbench_seg']
    """
    if processes == 1:
        return ["robustseg"]
    started = ["torchrun", "--standalone", f"--nproc-per-node={processes}"]
    return [*started, "-m", "robustbench_seg"]


def changed_options(spec: Any, without: Collection[str]) -> Iterator[str]:
    """Yield the words of the options of a specification that differ from their defaults.

    Args:
        spec: A dataclass whose fields are named as the options of its command.
        without: Names of fields that are left out.
    """
    for each in fields(spec):
        value = getattr(spec, each.name)
        if each.name not in without and value != each.default:
            yield from option_words(each.name, value)


def option_words(name: str, value: object) -> Iterator[str]:
    """Yield the words of an option; True is a flag, and a tuple is a size.

    >>> [*option_words("crop", (64, 96)), *option_words("half", True)]
    ['--crop', '64x96', '--half']
    """
    yield f"--{name.replace('_', '-')}"
    if value is not True:
        yield "x".join(map(str, value)) if isinstance(value, tuple) else str(value)
