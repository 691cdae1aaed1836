"""Adds the rows of attack ensembles (SEA) to those of a run, as if they were any other condition.

A run has such rows if its protocol lists the ensemble and all images of all its members are scored.
The row of an image is a copy of the row of one member. For the pixel accuracy, it is the member
with the fewest correct pixels. For the mIoU and all other measures, SEA's search chooses the
member. The search runs once, over the images of the run. A bootstrap draws images with their rows,
so it does not search again.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from robustbench_seg.measures import CONFUSION, PIXEL_ACCURACY, Scorer
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.store.sea import least_accurate, sea_choice
from robustbench_seg.text import counted


def with_ensembles(
    rows: pd.DataFrame, record: RunRecord, scorers: Mapping[str, Scorer], *, pooled: bool
) -> pd.DataFrame:
    """Add the rows of the ensembles that the protocol of a run lists.

    Args:
        rows: Rows of one run: image, corruption, severity, reason, and the columns of `scorers`.
        record: The content of its run.json.
        scorers: Maps each further column to the measure or the derived scores that it is for.
        pooled: Whether the columns contain pooled counts rather than observations.

    Returns:
        The rows and those of the ensembles, in any order. If a member lacks images, the rows of its
        ensemble have a reason instead of values. If no member has a row, the ensemble has none.
    """
    matrices = {scorer: name for name, scorer in scorers.items()}.get(CONFUSION)
    listed = record.derived_conditions
    if not listed:
        return rows
    rows = rows[~rows["corruption"].isin(listed)]  # ensembles are always derived
    derived = []
    for name, members in listed.items() if matrices else ():
        of_members = rows[rows["corruption"].isin(members)].sort_values("image")
        for severity, at_severity in of_members.groupby("severity"):
            scored = at_severity[at_severity[matrices].notna()]
            tables = [scored[scored["corruption"] == member] for member in members]
            if reason := _why_not_derived(members, tables, record.images):
                found = at_severity.drop_duplicates("image")
                found = found.assign(**dict.fromkeys(scorers), reason=reason)
            else:
                found = _chosen(tables, scorers, pooled=pooled)
            derived.append(found.assign(corruption=name, severity=severity))
    return pd.concat([rows, *derived])


def _why_not_derived(
    members: Sequence[str], tables: Sequence[pd.DataFrame], images: int
) -> str | None:
    """Return why the ensemble cannot be derived, or None."""
    for member, table in zip(members, tables, strict=True):
        if len(table) != images:
            return f"{member} has {len(table)} of {counted(images, 'image')}"
    if len({tuple(table["image"]) for table in tables}) > 1:
        return f"{', '.join(members)} have different images"
    return None


def _chosen(
    tables: Sequence[pd.DataFrame], scorers: Mapping[str, Scorer], *, pooled: bool
) -> pd.DataFrame:
    """Return the row of the chosen member for each image. `tables` have the same images."""
    found = tables[0].copy()
    values = {name: [table[name].to_numpy(object) for table in tables] for name in scorers}
    (matrices,) = (values[name] for name, scorer in scorers.items() if scorer is CONFUSION)
    counts = np.stack(
        [np.stack([v if pooled else CONFUSION.pooled(v) for v in column]) for column in matrices]
    )
    choice, of_accuracy = sea_choice(counts), least_accurate(counts)
    for name, scorer in scorers.items():
        members = of_accuracy if scorer is PIXEL_ACCURACY else choice
        copies = [values[name][member][place] for place, member in enumerate(members)]
        found[name] = pd.Series(copies, found.index, object)
    return found
