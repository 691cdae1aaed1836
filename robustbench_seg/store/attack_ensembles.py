"""Adds the rows of attack ensembles (SEA) to those of a run, so that they read like any condition.

A run has such rows if its protocol lists the ensemble and all images of all its members are
scored. A row is a copy of that of the member that was chosen for the image: for the mIoU and all
further measures by SEA's search, for the pixel accuracy the member with the fewest right pixels.
The choice is made once, for the images as they are. A bootstrap draws images with their rows, so
it does not search again.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from robustbench_seg.measures import CONFUSION, ScoreSource
from robustbench_seg.measures.derived import derived_conditions
from robustbench_seg.measures.pixel_accuracy import PIXEL_ACCURACY
from robustbench_seg.measures.sea import least_accurate, sea_choice
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.text import counted


def with_ensembles(
    rows: pd.DataFrame, record: RunRecord, sources: Mapping[str, ScoreSource], *, pooled: bool
) -> pd.DataFrame:
    """Add the rows of the ensembles that the protocol of a run lists.

    Args:
        rows: Those of one run: image, corruption, severity, reason, and the columns of `sources`.
        record: The content of its run.json.
        sources: Maps each further column to what it has observations of.
        pooled: Whether the columns have pooled counts rather than observations.

    Returns:
        The rows and those of the ensembles, in any order. Where a member lacks images, they have a
        reason in place of values; where no member has a row, there are none.
    """
    matrices = {source: name for name, source in sources.items()}.get(CONFUSION)
    listed = derived_conditions(record)
    if not listed:
        return rows
    rows = rows[~rows["corruption"].isin(listed)]  # nobody can have computed them
    derived = []
    for name, members in listed.items() if matrices else ():
        of_members = rows[rows["corruption"].isin(members)].sort_values("image")
        for severity, at_severity in of_members.groupby("severity"):
            scored = at_severity[at_severity[matrices].notna()]
            tables = [scored[scored["corruption"] == member] for member in members]
            if reason := _lacking(members, tables, record.images):
                found = at_severity.drop_duplicates("image")
                found = found.assign(**dict.fromkeys(sources), reason=reason)
            else:
                found = _chosen(tables, sources, pooled)
            derived.append(found.assign(corruption=name, severity=severity))
    return pd.concat([rows, *derived])


def _lacking(members: Sequence[str], tables: Sequence[pd.DataFrame], images: int) -> str | None:
    """Why the ensemble cannot be derived; None if it can."""
    for member, table in zip(members, tables, strict=True):
        if len(table) != images:
            return f"{member} has {len(table)} of {counted([images], 'image')}"
    if len({tuple(table["image"]) for table in tables}) > 1:
        return f"{', '.join(members)} have different images"
    return None


def _chosen(
    tables: Sequence[pd.DataFrame], sources: Mapping[str, ScoreSource], pooled: bool
) -> pd.DataFrame:
    """For each image the row of the chosen member; `tables` have the same images."""
    found = tables[0].copy()
    values = {name: [table[name].to_numpy(object) for table in tables] for name in sources}
    (matrices,) = (values[name] for name, source in sources.items() if source is CONFUSION)
    counts = np.stack(
        [np.stack([v if pooled else CONFUSION.pooled(v) for v in column]) for column in matrices]
    )
    choice, of_accuracy = sea_choice(counts), least_accurate(counts)
    for name, source in sources.items():
        members = of_accuracy if source is PIXEL_ACCURACY else choice
        copies = [values[name][member][place] for place, member in enumerate(members)]
        found[name] = pd.Series(copies, found.index, object)
    return found
