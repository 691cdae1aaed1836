"""Claims of papers about Cityscapes-C, recomputed from its published table.

They are in `reports/published/claims.csv`. `CLAIM_TYPES` lists the kinds of claims.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from robustbench_seg.reporting.literature.catalogue import literature
from robustbench_seg.reporting.literature.published_tables import published_table

CLAIMS_TABLE = "cityscapes_c"
"""Name of the published table that the claims are about."""


@dataclass(frozen=True)
class Claim(ABC):
    """A number in percent that a paper claims.

    Attributes:
        paper: The paper.
        model: The model that the claim is about.
        score: A corruption, or "mean" or "retention".
        claimed: The number as printed.
    """

    paper: str
    model: str
    score: str
    claimed: float

    decimals: ClassVar[int]
    """Number of decimals in which papers print such a number."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The claim, in words."""

    @abstractmethod
    def numbers(self, scores: Mapping[str, float]) -> Mapping[str, float]:
        """Return the possible values of the claimed number, by the model that gives each.

        Args:
            scores: Maps the claim's model and others to their scores in percent.
        """

    def is_given_by(self, number: float) -> bool:
        """Whether a number equals the claimed one after rounding."""
        return round(number, self.decimals) == self.claimed


class ScoreClaim(Claim):
    """The score of a model."""

    decimals = 1

    @property
    def text(self) -> str:
        """Text such as "mean of SegFormer-B5"."""
        return f"{self.score} of {self.model}"

    def numbers(self, scores: Mapping[str, float]) -> Mapping[str, float]:
        """Return the model's own score."""
        return {self.model: scores[self.model]}


class GainClaim(Claim):
    """The largest gain of a model over another one: 100 * (its score / the other's - 1)."""

    decimals = 0

    @property
    def text(self) -> str:
        """Text such as "gain of SegFormer-B5 on snow, up to"."""
        return f"gain of {self.model} on {self.score.replace('_', ' ')}, up to"

    def numbers(self, scores: Mapping[str, float]) -> Mapping[str, float]:
        """Return the gain over each other model; infinite over one whose score is 0."""
        own = scores[self.model]
        return {
            other: 100 * (own / score - 1) if score > 0 else math.inf
            for other, score in scores.items()
            if other != self.model
        }


CLAIM_TYPES: Mapping[str, type[Claim]] = {"gain": GainClaim, "score": ScoreClaim}
"""Maps the column `kind` of `reports/published/claims.csv` to the type of the claim."""


@dataclass(frozen=True)
class RecomputedClaim:
    """A claim with the same number, computed from the published table.

    Attributes:
        claim: The claim.
        recomputed: The number in percent; for a gain, the largest.
        best_row: The row of the table that gives it.
        rows_matching: The rows that give the claimed number; none if the claim is wrong.
    """

    claim: Claim
    recomputed: float
    best_row: str
    rows_matching: Sequence[str]


def claims() -> Sequence[RecomputedClaim]:
    """Return the claims of `reports/published/claims.csv`, recomputed from CLAIMS_TABLE."""
    results = literature()
    results = results[results["source"] == CLAIMS_TABLE]
    found = []
    for row in published_table("claims").to_dict("records"):
        claim = CLAIM_TYPES[row["kind"]](row["paper"], row["model"], row["score"], row["claimed"])
        scores = dict(zip(results["model"], results[claim.score].astype(float), strict=True))
        numbers = claim.numbers(scores)
        best = max(numbers, key=numbers.__getitem__)
        matching = [row for row, number in numbers.items() if claim.is_given_by(number)]
        found.append(RecomputedClaim(claim, numbers[best], best, matching))
    return found
