"""All errors: every failure that a user can fix is a RobustsegError of one line.

A message says what is wrong, where, and what to do. The command line prints it without a traceback
and exits with `exit_code`. Any other exception that reaches the user is a defect.
"""

from collections.abc import Iterable
from difflib import get_close_matches

from robustbench_seg.text import escaped


class RobustsegError(Exception):
    """Base class of all errors that the user can fix. Its text is one line.

    Attributes:
        exit_code: Exit status of a command that fails with this error.
        fact: The message without the advice, if the advice was given separately.
        example: Lines to copy into a file, shown below the message; mostly empty.

    >>> try:
    ...     rs.EvaluationSpec(("segformer-b0",), batch=0)
    ... except rs.RobustsegError as error:
    ...     print(error)
    batch = 0 is out of range; give an integer, 1 to 65536
    """

    exit_code = 2

    def __init__(self, message: str, example: str = "", *, advice: str = "") -> None:
        """Make an error.

        Args:
            message: One line.
            example: Lines to copy into a file, shown below the message.
            advice: What to do, the end of the message. Separate, so that callers can show only the
                fact.
        """
        super().__init__(f"{message}; {advice}" if advice else message)
        self.fact = escaped(message)
        self.example = example

    def __str__(self) -> str:
        """Return the message in one line, and the example below it.

        A name in it may come from a hostile file, so control and invisible characters are escaped.
        """
        return "\n\n".join(filter(None, [escaped(super().__str__()), self.example]))


class CardError(RobustsegError):
    """A table of TOML or JSON (a card, a protocol, a record) lacks something or is wrong."""


class DatasetError(RobustsegError):
    """A dataset is missing or incomplete, or an image or label cannot be read."""


class OptionError(RobustsegError):
    """An option that does not exist, has no such value, or conflicts with another one."""


class CorruptionError(RobustsegError):
    """A corruption that cannot be made: its name, its severity, or the image."""


class TreeError(RobustsegError):
    """A corrupted dataset on disk that is incomplete, altered, or not the requested one."""


class AttackError(RobustsegError):
    """An attack that cannot be run: its name, its parameters, or its arguments."""


class ModelError(RobustsegError):
    """A model that does not exist, or cannot be built, run or trained as asked."""


class WeightsError(RobustsegError):
    """Weights that are missing, unreadable or do not fit their network."""


class ResultsError(RobustsegError):
    """Runs, packs or predictions that are missing, unreadable or contradictory."""


class FileError(RobustsegError):
    """A file or folder that cannot be written, or must not be replaced."""


class OutputError(RobustsegError):
    """Standard output cannot be written. It has no message if the reader has closed the pipe."""


class IncompleteError(RobustsegError):
    """A part of the result is missing; everything else is finished and kept."""

    exit_code = 1

    def __init__(self, message: str, reasons: tuple[str, ...] = ()) -> None:
        """Make an error.

        Args:
            message: One line.
            reasons: What is missing and why, one text for each part, if there is a list.
        """
        super().__init__(message)
        self.reasons = reasons


def _shown(value: object) -> str:
    return escaped(f"{value!r:.60} ({type(value).__name__})")


def unknown(kind: str, name: object, known: Iterable[str], listed_by: str = "") -> str:
    """Return the error message for an unknown name, with the nearest known name and all names.

    Args:
        kind: What the name stands for, such as "model".
        name: The unknown name.
        known: All names.
        listed_by: For many names, the command that lists them. Beside a nearest name, the message
            names this command instead of all names.

    >>> unknown("corruption", "fogg", ["fog", "snow"])
    "unknown corruption 'fogg'; did you mean 'fog'? Known: fog, snow"
    """
    names = list(known)
    if not isinstance(name, str):
        return f"{kind}: {_shown(name)} is not a valid name. Known: {', '.join(names)}"
    name = escaped(name[:200])
    nearest = get_close_matches(name, names, n=1)
    hint = f"; did you mean '{nearest[0]}'?" if nearest else "."
    if nearest and listed_by:
        return f"unknown {kind} '{name}'{hint} `{listed_by}` lists all"
    return f"unknown {kind} '{name}'{hint} Known: {', '.join(names)}"
