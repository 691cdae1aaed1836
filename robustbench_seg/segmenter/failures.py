"""Errors of other libraries, in one line."""


def reason(error: BaseException) -> str:
    """Shorten an error of another library to what fits into one line.

    Args:
        error: The error.

    Returns:
        The first line of its message that says something, at most 300 characters, with its type
        where the message alone says nothing.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    kind = type(error).__name__
    first = "".join(c if c.isprintable() else " " for c in lines[0]) if lines else ""
    if not first or isinstance(error, LookupError | TypeError | AttributeError | AssertionError):
        first = f"{kind}: {first}" if first else kind
    return first if len(first) <= 300 else f"{first[:297]}..."
