"""The results of checking files against their digests."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, order=True)
class Problem:
    """A file that has changed, or is missing or unexpected.

    Attributes:
        path: The file, relative to the tree or to the run's folder in a pack.
        kind: "contradicted": the contents of the file do not follow from the other files.
        detail: The difference.
    """

    path: str
    kind: Literal["missing", "altered", "foreign", "contradicted"]
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.path}" + (f" ({self.detail})" if self.detail else "")


@dataclass(frozen=True)
class Verification:
    """The result of checking a tree or a pack.

    Attributes:
        problems: All problems, sorted by path; empty if all files are unchanged.
        files: Number of files that were checked.
        merged: Whether the manifests of shards of a tree were merged first.
    """

    problems: tuple[Problem, ...]
    files: int
    merged: bool = False
