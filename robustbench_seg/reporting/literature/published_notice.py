"""One line on the published results of models, before their evaluation."""

from collections.abc import Mapping
from typing import Any

from robustbench_seg.datasets import published_images
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.reporting.literature.catalogue import cells_are_flagged, literature


def published_notice(spec: EvaluationSpec) -> str:
    """Return one line on the published results of models, before their evaluation.

    A result belongs to a model if its name is that of the card, ignoring case and the name of its
    encoder ("segformer-mit-b5", "SegFormer-B5" and "segformer-b5").

    Args:
        spec: The evaluation.

    Returns:
        The results and their means. Empty if there are none, if the models have other weights or a
        class map, and for all shards except the first.
    """
    is_own = spec.weights is None and spec.class_map is None
    if not is_own or spec.shard.index > 1 or published_images(spec.dataset) is None:
        return ""
    dataset, protocol = spec.dataset, load_protocol(spec.protocol).name
    rows = literature()
    rows = rows[(rows["dataset"] == dataset) & (rows["split"] == spec.split)]
    rows = rows[(rows["protocol"] == protocol) & ~cells_are_flagged(rows)]
    wanted = {_network_name(model) for model in spec.models}
    found = [row for row in rows.to_dict("records") if _network_name(row["model"]) in wanted]
    if not found:
        return ""
    texts = [f"{row['model']} {row['mean']:.1f} ({_origin(row)})" for row in found]
    return (
        f"published on {dataset} {spec.split} under {protocol}, mean mIoU: {'; '.join(texts)}; see "
        f"robustseg literature --dataset {dataset} --protocol {protocol}"
    )


def _network_name(model: str) -> str:
    """The name of a model in lower case and without the name of its encoder."""
    return model.lower().replace("-mit-", "-")


def _origin(row: Mapping[Any, Any]) -> str:
    return f"{row['source']}, crop {row['crop']}" if row["crop"] else str(row["source"])
