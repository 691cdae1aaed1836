"""Models with runs on corrupted and on real images."""

import logging
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from robustbench_seg.errors import ResultsError
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.runs.run_file import read_record
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.transfer.model_table import ModelTable
from robustbench_seg.results import (
    DropScore,
    ScoredModel,
    read_model,
    score_of,
    subset_scores,
)
from robustbench_seg.store import (
    Paths,
    ProtocolsByName,
    group_runs,
    recorded_protocol,
    scoring_protocol,
)

log = logging.getLogger(__name__)

_Value = TypeVar("_Value")


def measured_models(synthetic: Paths, real: Paths, protocol: Protocol | None) -> ModelTable:
    """Read the models that have runs on corrupted and on real images, matched by name.

    Args:
        synthetic: Run folders, or folders of them, of one dataset and protocol.
        real: Run folders, or folders of them, of one or several datasets with the same classes.
        protocol: The protocol for the synthetic runs, and for real runs whose folders contain
            no protocol. None: that of each run.

    Raises:
        ResultsError: A folder contains no run; the runs do not fit together; there are too few
            models.
    """
    scored, used = _synthetic(synthetic, protocol)
    targets = _real(real, next(iter(scored.values())).records[0].classes, protocol)
    rows = []
    for name, model in scored.items():
        summary = model.scores.summary
        rows.append(
            {
                "model": name,
                "family": model.records[0].key.segmenter.architecture,
                "flagged": False,
                CLEAN.name: score_of(summary.clean),
                **{
                    corruption: score_of(draws)
                    for corruption, draws in summary.perturbations.items()
                },
                **{target: of.get(name, np.nan) for target, of in targets.items()},
            }
        )
    table = pd.DataFrame(rows)
    models = ModelTable.of_rows(f"models on {_extent(scored)}", table, [*targets], used)
    for name in [name for name in scored if name not in models.names]:
        log.warning("%s: scores on corrupted or real images are missing; left out", name)
    return models


def _real(
    runs: Paths, classes: tuple[str, ...], protocol: Protocol | None
) -> Mapping[str, Mapping[str, float]]:
    """The scores of the real runs: maps the target, then the model, to the score."""
    targets = dict[str, dict[str, float]]()
    groups, names = group_runs(runs), dict[tuple[Path, ...], str]()
    for folders in groups:
        record = read_record(folders[0])
        if record.classes != classes:
            raise ResultsError(
                f"{folders[0]}: its classes differ from those of the synthetic runs; name runs "
                "with the same classes"
            )
        given = protocol if recorded_protocol(record) is None else None
        model = read_model(folders, scoring_protocol(folders, given), resamples=0)
        names[model.folders] = model.name
        target = _target(record.dataset)
        _add(
            targets.setdefault(target, {}), model.name, score_of(model.scores.summary.clean), target
        )
    for score in subset_scores(groups, resamples=0):
        target = _target(score.dataset) + ("_drop" if isinstance(score, DropScore) else "")
        name = names[score.runs]
        _add(targets.setdefault(target, {}), name, score_of(score.draws), target)
    return targets


def _target(dataset: str) -> str:
    return dataset.replace(":", "_")


def _synthetic(
    runs: Paths, protocol: Protocol | None
) -> tuple[Mapping[str, ScoredModel], Protocol]:
    """The models of the synthetic runs by name, and their protocol."""
    scored = dict[str, ScoredModel]()
    kinds, protocols = dict[tuple[str, str, str], Protocol](), ProtocolsByName()
    for folders in group_runs(runs):
        record = read_record(folders[0])
        own = scoring_protocol(folders, protocol)
        protocols.add(own, folders[0])
        kinds[record.dataset, record.split, own.name] = own
        model = read_model(folders, own, resamples=0)
        _add(scored, model.name, model, "the synthetic runs")
    if len(kinds) > 1:
        texts = [f"{dataset} {split} under {name}" for dataset, split, name in kinds]
        raise ResultsError(
            f"the synthetic runs are on {' and on '.join(texts)}; name runs on one of them"
        )
    return scored, next(iter(kinds.values()))


def _add(models: MutableMapping[str, _Value], name: str, value: _Value, where: str) -> None:
    if name in models:
        raise ResultsError(f"{where}: two runs are called {name}; name the folder of one of them")
    models[name] = value


def _extent(scored: Mapping[str, ScoredModel]) -> str:
    record = next(iter(scored.values())).records[0]
    return f"{record.dataset} {record.split}"
