"""Converts format 1 of .recipe.json and manifest.json, which has no number, to format 2.

It has the versions of all libraries instead of laws and a probe. All laws were 1.
"""

from collections.abc import Mapping

from robustbench_seg.corruption import CORRUPTIONS
from robustbench_seg.errors import CardError
from robustbench_seg.files import Json

LAW = 1
REFERENCE_STREAM_VERSION = 1


def from_first_format(table: Mapping[str, Json], where: str) -> Mapping[str, Json]:
    """Convert a table of format 1 to format 2; CardError if it is wrong."""
    libraries = table.get("versions")
    if not isinstance(libraries, dict):
        raise CardError(f"{where}: the key 'versions' is missing")
    fast = str(libraries.get("fast stream"))
    if not (fast.isdecimal() and len(fast) < 9):
        raise CardError(f"{where}: versions: the key 'fast stream' is not a number")
    files = table.get("files", {})
    if not isinstance(files, dict):
        raise CardError(f"{where}: files: expected a table, got {type(files).__name__}")
    folders = {name.split("/")[0] for name in files}
    return {
        **{key: value for key, value in table.items() if key not in ("versions", "digest")},
        "stream_version": int(fast) if table.get("stream") == "fast" else REFERENCE_STREAM_VERSION,
        "laws": {name: LAW for name in CORRUPTIONS if name in folders},
        "libraries": {name: v for name, v in libraries.items() if name != "fast stream"},
        "probe": {},
    }
