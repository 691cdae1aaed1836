"""The IoU of each class under each corruption, averaged over the scored severities."""

from collections.abc import Sequence

import pandas as pd

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import CLEAN


def class_grid(rows: pd.DataFrame, protocol: Protocol, classes: Sequence[str]) -> pd.DataFrame:
    """Return a model's IoU of each class under each corruption.

    Args:
        rows: The model's rows of tables/per_class.csv.
        protocol: The protocol with the corruptions and their scored severities.
        classes: Names of the classes.

    Returns:
        Indexed by class; columns clean and the corruptions in protocol order; percent, the mean
        over the scored severities, nan if a class does not occur or a severity is incomplete.
    """
    perturbations = {each.name: each.scored for each in protocol.perturbations}
    scored = {CLEAN.name: (CLEAN.severity,), **perturbations}
    grid = rows.pivot(index="class", columns=["corruption", "severity"], values="iou")
    grid = grid.reindex(index=list(classes)).astype(float)
    means = {}
    for name, severities in scored.items():
        columns = pd.MultiIndex.from_product([[name], severities])
        means[name] = grid.reindex(columns=columns).mean(axis=1, skipna=False)
    return pd.DataFrame(means)
