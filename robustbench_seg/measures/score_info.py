"""Describes a score: its name, its meaning, its range, and its place on a page."""

from dataclasses import dataclass
from typing import Literal

Section = Literal["ranking", "failures", "confidence"]
"""A section of a page: the ranking, where a model fails, or how reliable its confidence is."""


@dataclass(frozen=True)
class ScoreInfo:
    """Describes a score of a measure.

    Attributes:
        name: Its value of the column `metric` of tables.
        label: Its name on pages, such as "mIoU".
        definition: One or two sentences for readers, with its range and unit.
        higher_is_better: Its direction. Only such a score has a retention.
        limits: Its smallest and largest possible value; percent by default.
        group: Its group of classes, if the score exists once for each group of a dataset.
        section: The section of a page that shows it. The ranking has a column for its mean.
        chief: Its position, from 1, among the chief scores of its section, which are shown first;
            None if the page shows it only in the table of all scores. If several groups have the
            score, that of the first group is chief. The ranking ignores it.
    """

    name: str
    label: str
    definition: str
    higher_is_better: bool = True
    limits: tuple[float, float] = (0.0, 100.0)
    group: str | None = None
    section: Section = "ranking"
    chief: int | None = None

    @property
    def key(self) -> str:
        """Its name and group, unique among the scores of a run."""
        return self.name if self.group is None else f"{self.name} {self.group}"
