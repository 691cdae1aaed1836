"""The results of checking files against their digests."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, order=True)
class Problem:
    """A file that is not as it was written.

    Attributes:
        path: The file, relative to the tree or to the run's folder in a pack.
        kind: "contradicted": the file says what does not follow from the others.
        detail: How it differs.
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
        problems: All problems, sorted by path; empty if all files are as they were written.
        files: Number of files that were checked.
        merged: Whether the manifests of shards of a tree were merged first.
    """

    problems: tuple[Problem, ...]
    files: int
    merged: bool = False
