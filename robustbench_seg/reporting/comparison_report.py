"""`compare`: two models side by side, as a table and in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from robustbench_seg.records.cards.protocol import Protocol, load_protocol
from robustbench_seg.records.values.defaults import RUNS
from robustbench_seg.reporting.panels.references import find_reference
from robustbench_seg.reporting.tables.comparison import comparison_text, heading_text
from robustbench_seg.results import (
    Reference,
    ScoredModel,
    clean_gap_warnings,
    compare_models,
    read_model,
)
from robustbench_seg.store import Paths, model_runs, scoring_protocol


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two models, compared.

    Attributes:
        a: The first model.
        b: The second model.
        protocol: Their protocol.
        reference: The reference of CD and rCD.
        table: Every score and difference, with the columns of `compare`.
        warnings: Warnings about the scores.
    """

    a: ScoredModel
    b: ScoredModel
    protocol: Protocol
    reference: Reference
    table: pd.DataFrame
    warnings: Sequence[str] = ()

    @classmethod
    def of_runs(
        cls,
        a: str,
        b: str,
        *,
        runs: Paths = RUNS,
        protocol: str | Path | Protocol | None = None,
        reference: str | None = None,
        ranking_score_only: bool = False,
    ) -> "Comparison":
        """Compare the runs of two models; `compare` describes the other arguments and errors.

        Args:
            a: Model A.
            b: Model B.
            runs: Where names are looked for.
            protocol: What scores both.
            reference: What CD and rCD are relative to.
            ranking_score_only: Leave the scores of all other measures out of the table. `text` does
                not have them.
        """
        folders = (runs,) if isinstance(runs, str | Path) else tuple(runs)
        a_folders, b_folders = (model_runs(name, folders) for name in (a, b))
        given = None if protocol is None else load_protocol(protocol)
        loaded = scoring_protocol([*a_folders, *b_folders], given)
        model_a, model_b = (
            read_model(folders_of_model, loaded, ranking_score_only=ranking_score_only)
            for folders_of_model in (a_folders, b_folders)
        )
        warnings = clean_gap_warnings([*model_a.folders, *model_b.folders])
        against = Reference.of_model(model_b)
        if reference is not None:
            against = find_reference(reference, (model_a, model_b), folders, loaded)
        table = compare_models(model_a, model_b, loaded, against)
        table.insert(0, "model_A", model_a.name)
        table.insert(1, "model_B", model_b.name)
        return cls(model_a, model_b, loaded, against, table, warnings)

    @property
    def text(self) -> str:
        """The compared models, the scores, and the number of verdicts."""
        heading = heading_text(self.a, self.b, self.protocol, self.reference)
        return f"{heading}\n\n{comparison_text(self.table, self.protocol.words.noun)}"


def compare(
    a: str,
    b: str,
    *,
    runs: Paths = RUNS,
    protocol: str | Path | Protocol | None = None,
    reference: str | None = None,
) -> pd.DataFrame:
    """Compare two models on the same images: every score, its difference, and a verdict.

    Args:
        a: Name of a model in the runs, a run folder or a pack. Several runs of one name are one
            model if they differ only in their seeds.
        b: The other model, given in the same way.
        runs: Run folders or packs, or folders of them, to search for names.
        protocol: Protocol that scores both: a name, TOML file or Protocol. None: the protocol of
            A's run.
        reference: The reference of CD and rCD: one of the runs, or a published result. None: B.

    Returns:
        Columns model_A, model_B, kind, score, severities, A, A_low, A_high, B, B_low, B_high,
        difference, low, high (95 % intervals), p, p_holm, verdict (A, B or open), reason. In
        percent.

    Raises:
        ResultsError: There is no such model, its name is ambiguous, the two were not scored on
            the same images, or their protocols have one name but differ.

    >>> table = rs.compare("all-road", "all-building", runs="runs")
    >>> clean = table[table["kind"] == "clean"]
    >>> clean[["A", "B", "difference"]].round(1).values.tolist()
    [[2.6, 1.5, 1.1]]
    """
    return Comparison.of_runs(a, b, runs=runs, protocol=protocol, reference=reference).table
