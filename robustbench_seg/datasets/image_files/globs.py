"""Globs: *, ** and {a,b} in the paths of a dataset's files, and the text that they match.

* stands for any characters within one name, and ** for any number of folders. {a,b} is a or b.
"""

import itertools
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from robustbench_seg.errors import CardError

_STAR = re.compile(r"\*\*/|\*")
_BRACES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Glob:
    """A glob without braces.

    Attributes:
        text: The glob, a path with forward slashes.

    >>> Glob("photos/**/*.jpg").pieces("photos/day/cam1/7.jpg")
    ('day/cam1/', '7')
    >>> Glob("masks/**/*_mask.png").filled(("day/cam1/", "7"))
    'masks/day/cam1/7_mask.png'
    """

    text: str

    @cached_property
    def stars(self) -> tuple[str, ...]:
        """Its stars in order, each "*" or "**/"."""
        return tuple(_STAR.findall(self.text))

    def pieces(self, path: str) -> tuple[str, ...] | None:
        """Return what each star stands for in `path`, or None if the path does not match."""
        match = self._pattern.fullmatch(path)
        return match and match.groups()

    def filled(self, pieces: Sequence[str]) -> str:
        """Return the path with each star replaced by a piece."""
        literals = itertools.zip_longest(_STAR.split(self.text), pieces, fillvalue="")
        return "".join(itertools.chain.from_iterable(literals))

    def with_suffix(self, suffix: str) -> "Glob | None":
        """Return the glob with another suffix, or None if its suffix is not spelled out."""
        path = PurePosixPath(self.text)
        if not path.suffix or "*" in path.suffix:
            return None
        return Glob(self.text.removesuffix(path.suffix) + suffix)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = [re.escape(literal) for literal in _STAR.split(self.text)]
        stars = ["((?:[^/]+/)*)" if star == "**/" else "([^/]*)" for star in self.stars]
        pairs = itertools.zip_longest(parts, stars, fillvalue="")
        return re.compile("".join(itertools.chain.from_iterable(pairs)))


def alternatives(text: str, where: str) -> tuple[Glob, ...]:
    """Expand the braces of a glob.

    Args:
        text: The glob.
        where: Its source, for errors.

    Returns:
        A glob for each combination of the alternatives, without repetition.

    Raises:
        CardError: The glob has other wildcards than *, ** and {a,b}, misplaces ** or braces, or has
            no *.

    >>> [glob.text for glob in alternatives("*.{jpg,png}", "images")]
    ['*.jpg', '*.png']
    """
    for wrong in ("?", "["):
        if wrong in text:
            raise CardError(f"{where}: '{wrong}' in '{text}' is not supported; use only * and **")
    if any("**" in part and part != "**" for part in text.split("/")) or text.endswith("**"):
        raise CardError(f"{where}: ** in '{text}' matches folders only; write **/*")
    if "*" not in text:
        raise CardError(
            f"{where}: '{text}' has no *; write * for the part that differs between files"
        )
    parts = [[part] for part in _BRACES.split(text)]
    for place in range(1, len(parts), 2):
        inside = parts[place][0]
        if "," not in inside or "*" in inside or "/" in inside:
            raise CardError(
                f"{where}: {{{inside}}} in '{text}' is not a choice of names; write one such as "
                "{jpg,png}"
            )
        parts[place] = inside.split(",")
    texts = dict.fromkeys(map("".join, itertools.product(*parts)))
    if any(brace in choice for choice in texts for brace in "{}"):
        raise CardError(f"{where}: the braces in '{text}' do not match; write such as {{jpg,png}}")
    return tuple(map(Glob, texts))


def matches(root: Path, glob: str) -> Iterator[str]:
    """Find the visible files and folders that match a glob.

    Hidden files and folders, __MACOSX, and everything in them are left out unless the glob names
    them.

    Args:
        root: The base folder of the glob.
        glob: A glob without braces.

    Yields:
        Paths relative to the root, with forward slashes. With several **, a path may be repeated.
    """
    spelled = PurePosixPath(glob).parts
    for path in _paths(root, glob):
        relative = path.relative_to(root)
        if not any(_is_hidden(part) and part not in spelled for part in relative.parts):
            yield relative.as_posix()


def _paths(root: Path, glob: str) -> Iterator[Path]:
    head, deep, tail = glob.partition("**/")
    if not deep:
        yield from root.glob(glob)
        return
    for start in root.glob(head.rstrip("/")) if head else (root,):
        for folder in _folders(start):
            yield from _paths(folder, tail)


def _folders(start: Path) -> Iterator[Path]:
    """Yield a folder and all visible folders below it, once each, following links."""
    seen = set[str]()
    for folder, inside, _ in os.walk(start, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            inside.clear()
            continue
        seen.add(real)
        inside[:] = [name for name in inside if not _is_hidden(name)]
        yield Path(folder)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"
