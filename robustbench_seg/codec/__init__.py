"""Frozen dataclass <-> plain table of TOML or JSON, every field checked on reading.

The annotation of a field decides what is accepted: str, int, float (ints are converted), bool,
Literal[...], X | None (null in JSON), tuple[X, ...], dict or Mapping[str, X], Any, Path (a string),
or another dataclass (a table). `Annotated[int, Range(1)]` gives the range of a number. A bool is
not an int, an int has at most 64 bits, a float is finite, and text is Unicode. An unknown key is an
error that names the nearest known one, so a misspelt setting never becomes a silent default. A
dataclass checks what its types cannot express in `__post_init__`. A field with metadata {"stored":
False} is neither read nor written; one with {"when_set": True} is not written if it is None; one
with {"key": "x"} has the key x in the table.
"""

from robustbench_seg.codec.ranges import Range, check_ranges, check_text
from robustbench_seg.codec.tables import from_table, to_table
from robustbench_seg.codec.toml_files import parse_toml, read_toml, to_toml

__all__ = [
    "Range",
    "check_ranges",
    "check_text",
    "from_table",
    "parse_toml",
    "read_toml",
    "to_table",
    "to_toml",
]
