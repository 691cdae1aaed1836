"""Identifiers and file names made from names."""

import re
from collections.abc import Sequence

LONGEST = 60
"""Maximum length of a slug, so that a file name of several slugs is valid on every system."""


def slug(text: str) -> str:
    """Convert a text to a few lower-case letters, digits and hyphens, for a file or identifier."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower())[:LONGEST].strip("-") or "unnamed"


def unique_slugs(names: Sequence[str]) -> list[str]:
    """Return the slug of each name; a slug that an earlier name has gets a number."""
    counts = dict[str, int]()
    for name in map(slug, names):
        free, count = name, 1
        while free in counts:
            count += 1
            free = f"{name}-{count}"
        counts[free] = count
    return list(counts)
