"""Sums the counts of confidence over the images of each condition, for its curves."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from robustbench_seg.measures import CONFIDENCE, SCALED_CONFIDENCE, Counts
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.store import COUNTS, condition_rows, with_counts

ConfidenceSums = Mapping[str, Mapping[Condition, Counts]]
"""Maps a confidence measure's name, then a condition, to counts summed over images and runs."""


def confidence_sums(results: pd.DataFrame) -> ConfidenceSums:
    """Sum the counts of confidence of the runs of one model.

    Args:
        results: The result of read_counts.

    Returns:
        float64 counts of each condition in which any image has confidence, summed over the pixels
        of all runs.
    """
    sums = dict[str, Mapping[Condition, Counts]]()
    for measure in (CONFIDENCE, SCALED_CONFIDENCE):
        observed = with_counts(results, measure)
        counts = observed[COUNTS].to_numpy(object)
        sums[measure.name] = {
            condition: np.asarray(np.sum([*counts[places]], axis=0, dtype=np.float64))
            for condition, places in condition_rows(observed).items()
        }
    return sums
