"""The published rows of models that are about to be evaluated, in one line."""

from collections.abc import Mapping, Sequence
from typing import Any

from robustbench_seg.datasets import published_images
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.reporting.literature.catalogue import literature


def evaluation_notice(spec: EvaluationSpec) -> str:
    """Return one line on the published rows of the models of an evaluation.

    Args:
        spec: What is about to be evaluated.

    Returns:
        The rows and their means; empty if there are none, if the models have other weights or are
        scored through a class map, or if another shard has the line.
    """
    own = spec.weights is None and spec.class_map is None and spec.shard.index == 1
    if not own or published_images(spec.dataset) is None:
        return ""
    protocol = load_protocol(spec.protocol).name
    return published_notice(spec.models, spec.dataset, spec.split, protocol)


def published_notice(models: Sequence[str], dataset: str, split: str, protocol: str) -> str:
    """Return one line on the published rows of models.

    A row is of a model if its name is that of the card, in upper or lower case and with or without
    the name of its encoder ("segformer-mit-b5", "SegFormer-B5" and "segformer-b5").

    Args:
        models: Names of model cards.
        dataset: Name of the dataset.
        split: Its split.
        protocol: Name of the protocol.

    Returns:
        The rows and their means; empty if there are none.
    """
    rows = literature()
    rows = rows[(rows["dataset"] == dataset) & (rows["split"] == split)]
    rows = rows[(rows["protocol"] == protocol) & (rows["kind"] != "cells")]
    wanted = {_plain(model) for model in models}
    found = [row for row in rows.to_dict("records") if _plain(row["model"]) in wanted]
    if not found:
        return ""
    texts = [f"{row['model']} {row['mean']:.1f} ({_place(row)})" for row in found]
    return (
        f"published on {dataset} {split} under {protocol}, mean mIoU: {'; '.join(texts)}; see "
        f"robustseg literature --dataset {dataset} --protocol {protocol}"
    )


def _plain(model: str) -> str:
    return model.lower().replace("-mit-", "-")


def _place(row: Mapping[Any, Any]) -> str:
    return f"{row['source']}, crop {row['crop']}" if row["crop"] else str(row["source"])
