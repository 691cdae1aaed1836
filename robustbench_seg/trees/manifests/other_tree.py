"""Errors for a folder that contains another tree than the requested one."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from robustbench_seg.corruption import library_differences

_SAME = "all libraries have the same versions, so the processor or the program has changed"


def other_source(
    folder: Path, images: Sequence[str], *, then: Mapping[str, int], now: Mapping[str, int]
) -> str:
    """Return the error about clean images whose files differ from those of a tree.

    Args:
        folder: The tree.
        images: Ids of the images (see `TreeRecord.other_sources`).
        then: Maps ids to bytes of the files when the tree was generated
            (`TreeRecord.source_sizes`).
        now: Maps ids to bytes of the files now.
    """
    more = f" (and {len(images) - 1} more images)" if len(images) > 1 else ""
    first = images[0]
    return (
        f"{folder} was generated from other images: {first} had {then[first]} bytes and now has "
        f"{now[first]}{more}; give the original images, or choose another folder"
    )


def other_pixels(
    folder: Path, conditions: Sequence[str], *, then: Mapping[str, str], now: Mapping[str, str]
) -> str:
    """Return the error about conditions whose pixels differ from those of a tree.

    Args:
        folder: The tree.
        conditions: Folders of the conditions, such as "fog/3".
        then: The libraries at the start of the tree.
        now: Libraries of this process.
    """
    name, severity = conditions[0].split("/")
    others = len(conditions) - 1
    subject = f"{name} at severity {severity}" + (
        f" and {others} more conditions" if others else ""
    )
    versions = library_differences(then, now) or _SAME
    return (
        f"{folder}: {subject} {'give' if others else 'gives'} different pixels than when the tree "
        f"was begun ({versions}); use the same versions and processor as then, or choose another "
        "folder"
    )
