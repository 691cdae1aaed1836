"""The counts in tables of results: the rows that have them, and the rows of each condition."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_seg.measures import CONFUSION, MEASURES, Scorer
from robustbench_seg.records.values.condition import SEVERITIES, Condition

COUNTS = "counts"
"""The column of pooled counts that `with_counts` adds."""


def pooled_column(measure: Scorer) -> str:
    """Return the column of `read_counts` with the pooled counts of a measure."""
    return f"pooled {measure.name}"


def with_counts(results: pd.DataFrame, measure: Scorer = CONFUSION) -> pd.DataFrame:
    """Select the rows that a measure has observed.

    Args:
        results: The result of read_counts or read_results.
        measure: The measure, or scores derived from its observations.

    Returns:
        These rows, with a column COUNTS: the pooled counts of the measure.
    """
    if (column := pooled_column(measure)) in results:
        return _observed(results, column).assign(**{COUNTS: lambda rows: rows[column]})
    if measure.column not in results:
        return results.iloc[:0].assign(**{COUNTS: []})
    observed = _observed(results, measure.column)
    counts = [measure.pooled(np.asarray(value)) for value in observed[measure.column]]
    return observed.assign(**{COUNTS: pd.Series(counts, observed.index, object)})


def _observed(results: pd.DataFrame, column: str) -> pd.DataFrame:
    known = results[column].notna()
    return results if known.all() else results[known]


def has_counts(results: pd.DataFrame) -> bool:
    """Return whether any measure has observed any row; `results` as in with_counts."""
    return any(not with_counts(results, measure).empty for measure in MEASURES)


def condition_rows(results: pd.DataFrame) -> Mapping[Condition, NDArray[np.intp]]:
    """Find the positions of the rows of each condition in a table, in their order."""
    # Numbers for the conditions: grouping the table by two columns takes several times as long.
    perturbations, names = pd.factorize(results["corruption"])
    severities = results["severity"].to_numpy(np.int64)
    numbers = perturbations * (max(SEVERITIES) + 1) + severities
    by_condition = np.argsort(numbers, kind="stable")
    rows = np.split(by_condition, np.flatnonzero(np.diff(numbers[by_condition])) + 1)
    found = sorted((each for each in rows if len(each)), key=lambda each: each[0])
    return {
        Condition(names[perturbations[first]], int(severities[first])): each
        for each in found
        for first in each[:1]
    }
