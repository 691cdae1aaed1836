"""The definitions at the end of the page."""

from collections.abc import Iterable
from dataclasses import dataclass

from robustbench_seg.codec import parse_toml
from robustbench_seg.content import content_folder
from robustbench_seg.measures import MEASURES


@dataclass(frozen=True)
class Definition:
    """The definition of a word on the page.

    Attributes:
        term: The word.
        text: What it means.
        is_printed: Whether it is on paper, too. A table of all scores is only on the screen.
    """

    term: str
    text: str
    is_printed: bool = True


@dataclass(frozen=True)
class _Definitions:
    """The content of reports/definitions.toml."""

    definition: tuple[Definition, ...]


def definitions(scores: Iterable[Definition] = ()) -> tuple[Definition, ...]:
    """Return the definitions of a page, each once.

    Args:
        scores: Those of the scores that the page shows besides the ranking's.

    Returns:
        The ranking's scores, then `scores`, then those of `reports/definitions.toml`.
    """
    file = content_folder("reports") / "definitions.toml"
    content = parse_toml(_Definitions, file.read_text(encoding="utf-8"), str(file))
    ranking = (
        Definition(info.label, info.definition)
        for measure in MEASURES
        for info in measure.infos
        if info.section == "ranking"
    )
    return tuple(dict.fromkeys((*ranking, *scores, *content.definition)))
