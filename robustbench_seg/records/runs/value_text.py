"""The value of a field of a record as short text."""

import json
from dataclasses import fields


def value_text(value: object) -> str:
    """Write the value of a field of a record as short text.

    Args:
        value: Plain data, or a record of such.

    Returns:
        The text. Text of more than 80 characters is cut and ends in "...".
    """
    if value is None or isinstance(value, str | int | float):
        return str(value)
    if hasattr(value, "__dataclass_fields__"):
        shown = {f.name: getattr(value, f.name) for f in fields(value)}  # type: ignore[arg-type]
        return ", ".join(f"{name} {value_text(item)}" for name, item in shown.items())
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."
