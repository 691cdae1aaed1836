"""One line on the published results of models, before their evaluation."""

from collections.abc import Mapping, Sequence
from typing import Any

from robustbench_seg.reporting.literature.catalogue import cells_are_flagged, literature


def published_notice(models: Sequence[str], dataset: str, split: str, protocol: str) -> str:
    """Return one line on the published results of models, before their evaluation.

    A result belongs to a model if its name is that of the card, ignoring case and the name of its
    encoder ("segformer-mit-b5", "SegFormer-B5" and "segformer-b5").

    Args:
        models: Names of model cards.
        dataset: Name of the dataset.
        split: Its split.
        protocol: Name of the protocol.

    Returns:
        The results and their means; empty if there are none.
    """
    rows = literature()
    rows = rows[(rows["dataset"] == dataset) & (rows["split"] == split)]
    rows = rows[(rows["protocol"] == protocol) & ~cells_are_flagged(rows)]
    wanted = {_network_name(model) for model in models}
    found = [row for row in rows.to_dict("records") if _network_name(row["model"]) in wanted]
    if not found:
        return ""
    texts = [f"{row['model']} {row['mean']:.1f} ({_origin(row)})" for row in found]
    return (
        f"published on {dataset} {split} under {protocol}, mean mIoU: {'; '.join(texts)}; see "
        f"robustseg literature --dataset {dataset} --protocol {protocol}"
    )


def _network_name(model: str) -> str:
    """The name of a model in lower case and without the name of its encoder."""
    return model.lower().replace("-mit-", "-")


def _origin(row: Mapping[Any, Any]) -> str:
    return f"{row['source']}, crop {row['crop']}" if row["crop"] else str(row["source"])
