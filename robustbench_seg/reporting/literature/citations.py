"""BibTeX of papers, from `reports/citations.toml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from robustbench_seg.codec import parse_toml
from robustbench_seg.content import content_folder

KAMANN_ROTHER = "kamann-rother"
"""Key of the paper that defines CD and rCD."""

DEGRADATION_CITATION = "Kamann and Rother, CVPR 2020, arXiv 1908.05005"
"""That paper in the text of a caption."""


@dataclass(frozen=True)
class _Citation:
    key: str
    bibtex: str


@dataclass(frozen=True)
class _Citations:
    """The content of reports/citations.toml."""

    citation: tuple[_Citation, ...]


def citation(key: str) -> str:
    """Return the BibTeX entry of a paper; the key is one of citation_keys."""
    return _entries()[key]


def citation_keys() -> tuple[str, ...]:
    """The keys of all entries."""
    return tuple(_entries())


@cache
def _entries() -> Mapping[str, str]:
    file = content_folder("reports") / "citations.toml"
    content = parse_toml(_Citations, file.read_text(encoding="utf-8"), str(file))
    return {each.key: each.bibtex.strip() for each in content.citation}
