"""The model that CD and rCD are relative to, found by its name."""

from collections.abc import Sequence
from pathlib import Path

from robustbench_seg.errors import ResultsError
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.literature import cityscapes_c
from robustbench_seg.results import Reference, ScoredModel, check_comparable, read_model
from robustbench_seg.store import model_runs
from robustbench_seg.text import counted


def find_reference(
    name: str,
    models: Sequence[ScoredModel],
    runs: Sequence[Path | str],
    protocol: Protocol,
) -> Reference:
    """Find a reference among the models that are compared, the published ones, and the runs.

    Args:
        name: Name of a model, or a run folder.
        models: The models that are compared.
        runs: Run folders, or folders of them, to look for other models in.
        protocol: What they are scored under.

    Returns:
        The reference.

    Raises:
        ResultsError: There is no such model, or it was not scored on the same images.
    """
    for model in models:
        if name in (model.name, *map(str, model.folders)):
            return Reference.of_model(model)
    record = models[0].records[0]
    if published := _published_reference(name, record, protocol):
        return published
    other = read_model(model_runs(name, runs), protocol)
    check_comparable(models[0], other)
    return Reference.of_model(other)


def _published_reference(name: str, record: RunRecord, protocol: Protocol) -> Reference | None:
    """The published row of a name; None if there is none."""
    rows = cityscapes_c.published_scores().set_index("model")
    if name not in rows.index:
        return None
    if not cityscapes_c.ranks_beside(record.dataset, record.split, protocol.name, record.images):
        images = counted([record.images], "image")
        raise ResultsError(
            f"reference: {name} is published on {cityscapes_c.EXTENT}, A and B are on {images} of "
            f"{record.dataset} {record.split} under {protocol.name}; name a model of the runs"
        )
    (row,) = rows.loc[[name]].to_dict("records")
    return Reference.of_row(name, {n: row[n] for n in (CLEAN.name, *protocol.names)})
