"""Finds the reference of CD and rCD by its name."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from robustbench_seg.errors import ResultsError
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.literature.published_results import (
    published_extent,
    published_results,
)
from robustbench_seg.results import Reference, ScoredModel, check_comparable, read_model
from robustbench_seg.store import model_runs
from robustbench_seg.text import counted


def find_reference(
    name: str,
    models: Sequence[ScoredModel],
    runs: Sequence[Path | str],
    protocol: Protocol,
) -> Reference:
    """Find a reference among the compared models, the published ones, and the runs.

    Args:
        name: Name of a model, or a run folder.
        models: The compared models.
        runs: Run folders, or folders of them, to search for other models.
        protocol: Their protocol.

    Returns:
        The reference.

    Raises:
        ResultsError: There is no such model, or it was not scored on the same images.
    """
    for model in models:
        if name in (model.name, *map(str, model.folders)):
            return Reference.of_model(model)
    record = models[0].records[0]
    published = published_results(record.dataset, record.split, protocol, record.images)
    if name in set(published.ranked["model"]):
        return published_reference(name, published.ranked, protocol)
    try:
        folders = model_runs(name, runs)
    except ResultsError:
        if not (extent := published_extent(name)):
            raise
        images = counted(record.images, "image")
        raise ResultsError(
            f"reference: {name} is published on {extent}, but A and B are on {images} of "
            f"{record.dataset} {record.split} under {protocol.name}; name a model of the runs"
        ) from None
    other = read_model(folders, protocol, ranking_score_only=True)
    check_comparable(models[0], other)
    return Reference.of_model(other)


def published_reference(name: str, scores: pd.DataFrame, protocol: Protocol) -> Reference:
    """Return a row as a reference.

    Args:
        name: The model of the row.
        scores: Rows of tables/miou.csv.
        protocol: The protocol with the corruptions.
    """
    (row,) = scores[scores["model"] == name].to_dict("records")
    return Reference.of_row(name, {column: row[column] for column in (CLEAN.name, *protocol.names)})
