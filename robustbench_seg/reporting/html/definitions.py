"""The definitions at the end of the page."""

from dataclasses import dataclass

from robustbench_seg.codec import parse_toml
from robustbench_seg.content import content_folder
from robustbench_seg.measures import MEASURES


@dataclass(frozen=True)
class Definition:
    """The definition of a word on the page."""

    term: str
    text: str


@dataclass(frozen=True)
class _Definitions:
    """The content of reports/definitions.toml."""

    definition: tuple[Definition, ...]


def definitions() -> tuple[Definition, ...]:
    """Return the definitions of the ranking's scores, then those of `reports/definitions.toml`."""
    file = content_folder("reports") / "definitions.toml"
    content = parse_toml(_Definitions, file.read_text(encoding="utf-8"), str(file))
    scores = (
        Definition(info.label, info.definition)
        for measure in MEASURES
        for info in measure.infos
        if info.section == "ranking"
    )
    return (*scores, *content.definition)
