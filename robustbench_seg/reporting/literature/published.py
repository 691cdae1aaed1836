"""The published tables: numbers of papers, in `reports/published/`.

Each is a CSV file with the cells as printed, and a TOML file of the same name that says where they
were copied from and how they were measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Literal

import pandas as pd

from robustbench_seg.codec import parse
from robustbench_seg.errors import CardError, ResultsError, unknown
from robustbench_seg.records.cards.protocol import list_protocols, load_protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.records.values.ranges import Positive
from robustbench_seg.reporting.literature.citations import citation, citation_keys

RuleName = Literal["stored_mean", "stored_worst", "brightness", "collapse"]
"""The rules of the audit, see literature.rules."""

ATTACK = ("attack", "norm", "radius", "steps")
"""The columns that say which attack a row is scored under: its name, norm (linf or l2), radius on
the pixel scale 0 to 255, and number of steps."""

IDENTITY = ("model", "family", "dataset", "crop", "params", *ATTACK)
"""The columns that say what a row is of; family: models that are no independent evidence."""

MEAN = "mean"
"""A printed mean over the corruptions of the protocol, where the cells are not published."""


@dataclass(frozen=True)
class Measured:
    """How the scores of a published table were measured, in the words of its source.

    Attributes:
        corruptions: Which ones.
        severities: Which of their severities.
        averaging: How a mean is made of them.
        colour_order: The order of the channels that the corruptions get.
        resolution: Height x width that the network sees.
        inference: How it is run.
        protocol: The shipped protocol under which such scores can be measured; None: no one.
        attacks: The attacks, where there are any, with what the ATTACK columns do not say.
    """

    corruptions: str
    severities: str
    averaging: str
    colour_order: str
    resolution: str
    inference: str
    protocol: str | None = None
    attacks: str | None = None

    def __post_init__(self) -> None:
        if self.protocol is not None and self.protocol not in list_protocols():
            raise CardError(unknown("protocol", self.protocol, list_protocols()))


@dataclass(frozen=True)
class PublishedFacts:
    """The content of the TOML file of a published table.

    Attributes:
        title: What it is.
        kind: "scores": mIoU of models in percent, a row each; "table": anything else.
        citation: Key of the BibTeX entry in `reports/citations.toml`.
        copied_from: Document and place.
        also_cited: Keys of further entries, and what each of them cites, in words.
        reference: What it is and how it was measured, in a sentence or two, as a caption cites it.
            None: a text of the other keys.
        benchmark: Name of the benchmark whose table it is. Reports under its protocol show all its
            rows for reference where none rank. None: it is no such table.
        inferred: What the source does not state, and how it was concluded.
        checks: How the copy, or the source, was checked.
        rules: The rules of the audit that its rows have to satisfy.
        dataset: Of all rows; None: the CSV file has a column of it.
        split: Of all rows.
        images: How many images the scores of a dataset are of, where it is known.
        measured: How. Scores need it.
        columns: What a column holds, but for the IDENTITY, clean, mean and the protocol's
            corruptions.
        real: The columns that are scores under real adverse conditions.
    """

    title: str
    kind: Literal["scores", "table"]
    citation: str
    copied_from: str
    also_cited: Mapping[str, str] = field(default_factory=dict)
    reference: str | None = None
    benchmark: str | None = None
    inferred: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    rules: tuple[RuleName, ...] = ()
    dataset: str | None = None
    split: str = "val"
    images: Mapping[str, Positive] = field(default_factory=dict)
    measured: Measured | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    real: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for key in (self.citation, *self.also_cited):
            if key not in citation_keys():
                raise CardError(f"citation: {unknown('key', key, citation_keys())}")
        if (self.kind == "scores") != (self.measured is not None):
            raise CardError("scores need the table 'measured', and nothing else has it")
        if self.benchmark and not (self.protocol and self.dataset in self.images):
            raise CardError("benchmark: its table needs a dataset with images, and a protocol")
        if unnamed := set(self.real) - set(self.columns):
            raise CardError(f"real: {unknown('column', min(unnamed), self.columns)}")

    @property
    def bibtex(self) -> str:
        """The BibTeX entry of the source."""
        return citation(self.citation)

    @property
    def further_citations(self) -> Sequence[tuple[str, str]]:
        """What each of its BibTeX entries cites but for the first, and the entry."""
        return [(what, citation(key)) for key, what in self.also_cited.items()]

    @property
    def reference_text(self) -> str:
        """What it is and how it was measured, in a sentence or two."""
        if self.reference is not None:
            return self.reference
        text, how = f"{self.title}: {self.copied_from}.", self.measured
        if how is None:
            return text
        return (
            f"{text} Severities {how.severities}, {how.averaging}; colour order: "
            f"{how.colour_order}; resolution: {how.resolution}; inference: {how.inference}."
        )

    @property
    def protocol(self) -> str | None:
        """Name of the shipped protocol under which the scores can be measured."""
        return self.measured.protocol if self.measured else None

    @property
    def corruptions(self) -> tuple[str, ...]:
        """The corruptions of that protocol, in its order; none without one."""
        return load_protocol(self.protocol).names if self.protocol else ()


def list_published() -> tuple[str, ...]:
    """Names of the published tables."""
    return _names(_folder())


@cache
def published_facts(name: str) -> PublishedFacts:
    """Return what the TOML file of a table says.

    Args:
        name: The file's name without suffix.

    Raises:
        ResultsError: There is no table of that name.
    """
    return _facts(_folder(), name)


def published_table(name: str) -> pd.DataFrame:
    """Read a table of `reports/published/`, with its cells as printed.

    Args:
        name: The file's name without suffix.

    Raises:
        ResultsError: There is no table of that name.
    """
    return read_table(_folder(), name)[1]


def read_table(folder: Traversable, name: str) -> tuple[PublishedFacts, pd.DataFrame]:
    """Read a table and what is said of it, and check that the two fit together.

    Args:
        folder: The folder of the tables.
        name: The files' name without suffix.

    Returns:
        The facts, and the cells as printed.

    Raises:
        ResultsError: There is no table of that name; a column is not described, or described and
            not there; a score is not a percentage; a row is there twice.
        CardError: The TOML file is missing or wrong.
    """
    facts = _facts(folder, name)
    with (folder / f"{name}.csv").open(encoding="utf-8") as file:
        table = pd.read_csv(file)
    where = f"{name}.csv"
    standard = {*IDENTITY, CLEAN.name, MEAN, *facts.corruptions} - set(facts.columns)
    for column in table.columns:
        if column not in standard and column not in facts.columns:
            raise ResultsError(
                f"{where}: the column '{column}' is not described; describe it in [columns] of "
                f"{name}.toml"
            )
    if absent := [column for column in facts.columns if column not in table]:
        raise ResultsError(f"{where}: {name}.toml describes '{absent[0]}', which is not a column")
    if facts.kind == "scores":
        _check_scores(table, facts, where)
    return facts, table


def score_columns(table: pd.DataFrame) -> Sequence[str]:
    """The columns of a table of kind "scores" that hold an mIoU."""
    return [str(column) for column in table.columns if column not in IDENTITY]


def _check_scores(table: pd.DataFrame, facts: PublishedFacts, where: str) -> None:
    if "model" not in table:
        raise ResultsError(f"{where}: there is no column 'model'")
    if ("dataset" in table) == (facts.dataset is not None):
        raise ResultsError(
            f"{where}: the dataset is a column or a key of the TOML file; give one of the two"
        )
    keys = [name for name in ("model", "dataset", "crop", *ATTACK) if name in table]
    if (twice := table.duplicated(keys)).any():
        raise ResultsError(f"{where}: {_named(table[keys][twice])} is there twice; keep one row")
    for column in score_columns(table):
        values = pd.to_numeric(table[column], errors="coerce")
        wrong = table[column].notna() & ~values.between(0, 100)
        if wrong.any():
            cell = table[column][wrong].iloc[0]
            raise ResultsError(
                f"{where}: {_named(table[keys][wrong])}: {column} is {cell}; give percent, 0 to 100"
            )


def _named(keys: pd.DataFrame) -> str:
    return " ".join(map(str, keys.iloc[0]))


def _folder() -> Traversable:
    return resources.files("robustbench_seg.content.reports") / "published"


def _names(folder: Traversable) -> tuple[str, ...]:
    files = (file.name for file in folder.iterdir())
    return tuple(sorted(name.removesuffix(".csv") for name in files if name.endswith(".csv")))


def _facts(folder: Traversable, name: str) -> PublishedFacts:
    names = _names(folder)
    if name not in names:
        raise ResultsError(unknown("published table", name, names))
    file = folder / f"{name}.toml"
    if not file.is_file():
        raise CardError(f"{name}.csv: there is no {name}.toml beside it; say what it is there")
    return parse(PublishedFacts, file.read_text(encoding="utf-8"), file.name)
