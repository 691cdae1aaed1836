"""A table of a page: text, sort key and colour of each cell. It contains no HTML."""

from collections.abc import Sequence
from dataclasses import dataclass

from robustbench_seg.reporting.ranking.estimate import ends_text
from robustbench_seg.results import Interval

INTERVALS_NOTE = (
    "Hover for 95 % intervals; on paper and on touch screens they are below each score. They are "
    "also in tables/scores.parquet."
)
"""The note of a table whose cells have `ends`."""


@dataclass(frozen=True)
class Bar:
    """An interval drawn in a cell.

    Attributes:
        low: Its left end, in percent of the bar's track.
        width: Its width.
        at: The score.
        ends: The ends in words.
    """

    low: str
    width: str
    at: str
    ends: str

    @classmethod
    def of(cls, score: float, interval: Interval, track: tuple[float, float]) -> "Bar":
        """Draw the interval of a score on a track from its lowest to its highest value."""
        low, high = track

        def percent(value: float) -> float:
            return 100 * (value - low) / (high - low) if high > low else 50.0

        start, end = map(percent, interval)
        ends = ends_text(*interval)
        return cls(f"{start:.1f}", f"{end - start:.1f}", f"{percent(score):.1f}", ends)


@dataclass(frozen=True)
class ScoreOption:
    """A score that the page's script can show instead of the mIoU.

    Attributes:
        name: Its name in headings and in the page's address.
        label: Its label in the list of scores.
        caption: Its description in the caption of the table.
        higher_is_better: Whether a higher value is better.
    """

    name: str
    label: str
    caption: str
    higher_is_better: bool


@dataclass(frozen=True)
class ScoreValue:
    """The value of a ScoreOption in a cell.

    Attributes:
        value: The value. None: there is none.
        title: Text shown on hover.
        ends: See Cell.
    """

    value: float | None
    title: str | None
    ends: tuple[str, str] | None = None


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        text: Its text.
        sort: The sort key of the column, if it is not the text.
        value: The number from which the page's script computes other scores.
        title: Text shown on hover.
        ends: The ends of the interval of its score, which paper and touch screens show below the
            score, because they have no hover.
        style: Inline CSS.
        css_class: CSS class, or several.
        tag: Small text after the text.
        rank: Rank, before the text.
        bar: An interval below the text.
        href: Link target of the text in the row's header.
        scores: The values of the table's further scores, in their order.
    """

    text: str
    sort: str | None = None
    value: float | None = None
    title: str | None = None
    ends: tuple[str, str] | None = None
    style: str | None = None
    css_class: str | None = None
    tag: str | None = None
    rank: str | None = None
    bar: Bar | None = None
    href: str | None = None
    scores: Sequence[ScoreValue] = ()


@dataclass(frozen=True)
class TableRow:
    """One row.

    Attributes:
        cells: The first one is the row's header.
        css_class: A CSS class.
    """

    cells: Sequence[Cell]
    css_class: str = ""


@dataclass(frozen=True)
class Column:
    """The header of a column.

    Attributes:
        name: Its text.
        title: Text shown on hover.
        starts_group: Whether there is a rule to its left.
        category: The category of perturbations with which it is hidden.
        is_left_aligned: Whether its cells begin at the left, as those of texts and of bars.
    """

    name: str
    title: str | None = None
    starts_group: bool = False
    category: str | None = None
    is_left_aligned: bool = False


@dataclass(frozen=True)
class ColumnGroup:
    """A header over `span` columns; a gap without a name."""

    name: str
    span: int


@dataclass(frozen=True)
class Table:
    """A table of the page.

    Attributes:
        caption: Its caption. With a `ramp`, the page's script adds the name of the score.
        columns: Their headers.
        rows: The rows, with one cell for each column.
        note: A smaller text after the caption.
        groups: Headers over the columns.
        css_class: A CSS class.
        ramp: Styles of a cell from the lowest value to the highest. With them the page's script
            can show other scores.
        reference: The reference of CD and rCD.
        scores: Further scores of the cells, in addition to those computed from the mIoU.
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[TableRow]
    note: str = ""
    groups: Sequence[ColumnGroup] = ()
    css_class: str = ""
    ramp: Sequence[str] = ()
    reference: str | None = None
    scores: Sequence[ScoreOption] = ()
