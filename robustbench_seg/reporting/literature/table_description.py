"""The description of a published table: its source, and how it was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from robustbench_seg.errors import CardError, unknown
from robustbench_seg.records.cards.protocol import list_protocols, load_protocol
from robustbench_seg.records.values.ranges import Positive
from robustbench_seg.reporting.literature.citations import citation, citation_keys

RuleName = Literal["stored_mean", "stored_worst", "brightness", "collapse"]
"""The rules of the audit, see literature.audit_rules."""

ATTACK_COLUMNS = ("attack", "norm", "radius", "steps")
"""The columns that state the attack of a row: its name, norm (linf or l2), radius on the pixel
scale 0 to 255, and number of steps.
"""

IDENTITY_COLUMNS = ("model", "family", "dataset", "crop", "params", *ATTACK_COLUMNS)
"""The columns that identify a row; family: groups models that are not independent evidence."""

MEAN = "mean"
"""A printed mean over the corruptions of the protocol, where the cells are not published."""


@dataclass(frozen=True)
class Measurement:
    """How the scores of a published table were measured, in the words of its source.

    Attributes:
        corruptions: The corruptions.
        severities: Their severities.
        averaging: How they are averaged.
        colour_order: The channel order at the input of the corruptions.
        resolution: Height x width at the input of the network.
        inference: The inference mode.
        protocol: The included protocol under which such scores can be measured. None: there is
            none.
        attacks: The attacks, if any, with facts that ATTACK_COLUMNS do not contain.
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
class TableDescription:
    """The content of the TOML file of a published table.

    Attributes:
        title: Its title.
        kind: "scores": mIoU of models in percent, one row each; "table": other tables.
        citation: Key of the BibTeX entry in `reports/citations.toml`.
        copied_from: The document of the source, and where in it.
        also_cited: Keys of further entries, and the purpose of each, in words.
        caption: Its source and how it was measured, in a sentence or two. None: a text of
            the other keys.
        benchmark: Name of its benchmark. Reports under the protocol show all its rows if none is
            ranked. None: it is not the table of a benchmark.
        inferred: Facts that the source does not state, and how they were inferred.
        checks: How the copy or the source was checked.
        rules: The rules of the audit for its rows.
        dataset: The dataset of all rows. None: the CSV file has a column.
        split: The split of all rows.
        images: Maps datasets to numbers of scored images, if known.
        measured: How its scores were measured; "scores" need it, "table" has none.
        columns: Descriptions of the columns, except for IDENTITY_COLUMNS, clean, mean and the
            protocol's corruptions.
        real: The columns that are scores under real adverse conditions.
    """

    title: str
    kind: Literal["scores", "table"]
    citation: str
    copied_from: str
    also_cited: Mapping[str, str] = field(default_factory=dict)
    caption: str | None = None
    benchmark: str | None = None
    inferred: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    rules: tuple[RuleName, ...] = ()
    dataset: str | None = None
    split: str = "val"
    images: Mapping[str, Positive] = field(default_factory=dict)
    measured: Measurement | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    real: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for key in (self.citation, *self.also_cited):
            if key not in citation_keys():
                raise CardError(f"citation: {unknown('key', key, citation_keys())}")
        if (self.kind == "scores") != (self.measured is not None):
            raise CardError(
                "a table of scores needs the key 'measured', and no other table may have it"
            )
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
        """The purpose and the text of each BibTeX entry except the first."""
        return [(what, citation(key)) for key, what in self.also_cited.items()]

    @property
    def caption_text(self) -> str:
        """Its source and how it was measured, in a sentence or two."""
        if self.caption is not None:
            return self.caption
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
        """The corruptions of that protocol, in its order; empty without a protocol."""
        return load_protocol(self.protocol).names if self.protocol else ()
