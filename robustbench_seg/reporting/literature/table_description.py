"""The description of a published table: where it was copied from, and how it was measured."""

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
        corruptions: Which ones.
        severities: Which of their severities.
        averaging: How a mean is made of them.
        colour_order: The order of the channels that the corruptions get.
        resolution: Height x width that the network sees.
        inference: How it is run.
        protocol: The shipped protocol under which such scores can be measured; None: no one.
        attacks: The attacks, where there are any, with what the ATTACK_COLUMNS columns do not say.
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
        measured: How its scores were measured; "scores" need it, "table" has none.
        columns: What a column holds, but for the IDENTITY_COLUMNS, clean, mean and the protocol's
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
