"""Errors of other libraries and of a user's code, in one line."""

import traceback


def reason(error: BaseException) -> str:
    """Shorten an error of another library to one line.

    Args:
        error: The error.

    Returns:
        The first informative line of its message, at most 300 characters, with its type if the
        message is not informative.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    kind = type(error).__name__
    first = "".join(c if c.isprintable() else " " for c in lines[0]) if lines else ""
    if not first or isinstance(error, LookupError | TypeError | AttributeError | AssertionError):
        first = f"{kind}: {first}" if first else kind
    return first if len(first) <= 300 else f"{first[:297]}..."


def error_text(error: BaseException) -> str:
    """Shorten an error of a user's code, with its type and the line that raised it.

    Args:
        error: The error.

    Returns:
        One line.
    """
    place = ""
    if frames := traceback.extract_tb(error.__traceback__):
        place = f" ({frames[-1].filename}, line {frames[-1].lineno})"
    kind, said = type(error).__name__, reason(error)
    return f"{said if said.startswith(kind) else f'{kind}: {said}'}{place}"
