"""Every score of every measure as one tidy table, a row for each number."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from robustbench_seg.measures import MEASURES
from robustbench_seg.records.protocol import CLEAN, SEVERITIES, Condition, Protocol, load_protocol
from robustbench_seg.records.run_record import read_record
from robustbench_seg.results.groups import group_runs
from robustbench_seg.results.intervals import RANKED, Draws, ScoreDraws, interval
from robustbench_seg.results.models import ScoredModel, own_protocol, read_model
from robustbench_seg.results.read import Paths

COLUMNS = {
    "model": "string",
    "dataset": "string",
    "split": "string",
    "source": "string",
    "protocol": "string",
    "metric": "string",
    "corruption": "string",
    "category": "string",
    "severities": "string",
    "class": "string",
    "value": "float64",
    "ci_low": "float64",
    "ci_high": "float64",
    "images": "Int64",
}
"""Columns and their dtypes. severities: which were averaged, such as "1-3"; "0" is clean."""

Line = tuple[str, str | None, str | None, str, Draws, int]
"""metric, corruption, category, severities, draws, images."""


def scores(runs: Paths, protocol: str | Protocol | None = None) -> pd.DataFrame:
    """Every score of every measure of runs, in percent, with 95 % intervals.

    Args:
        runs: Run folders, or folders of them.
        protocol: Score under this one, a name, TOML file or Protocol; None: each model under its
            own.

    Returns:
        Columns COLUMNS: model, dataset, split, source, protocol, metric (such as miou, or mean,
        retention, mPC and rPC of it), corruption, category, severities, class, value, ci_low,
        ci_high, images. What is incomplete has no value.

    Raises:
        ResultsError: A folder holds no run, or a broken one.
    """
    chosen = load_protocol(protocol) if isinstance(protocol, str) else protocol
    tables = []
    for folders in group_runs(runs):
        used = chosen or own_protocol(folders[0], read_record(folders[0]))
        tables.append(score_table(read_model(folders, used), used))
    return pd.concat(tables, ignore_index=True)


def score_table(model: ScoredModel, protocol: Protocol, name: str | None = None) -> pd.DataFrame:
    """The rows of one model; see `scores`.

    name: what the model is called, in place of its own name
    """
    record = model.records[0]
    facts = {"model": name or model.name, "dataset": record.dataset, "split": record.split}
    rows = []
    for metric, corruption, category, severities, draws, images in _lines(model, protocol):
        low, high = interval(draws, model.scores.units)
        rows.append(
            {
                **facts,
                "source": "measured",
                "protocol": protocol.name,
                "metric": metric,
                "corruption": corruption,
                "category": category,
                "severities": severities,
                "value": float(draws[0]),
                "ci_low": low,
                "ci_high": high,
                "images": images,
            }
        )
    classes = model.class_iou.rename(columns={"iou": "value"}).assign(
        metric="iou", source="measured", protocol=protocol.name, **facts
    )
    classes["severities"] = classes["severity"].astype(str)
    parts = (pd.DataFrame(rows), classes)
    shaped = [part.reindex(columns=list(COLUMNS)).astype(COLUMNS) for part in parts]
    return pd.concat(shaped, ignore_index=True)


def _lines(model: ScoredModel, protocol: Protocol) -> Iterator[Line]:
    for measure in MEASURES:
        for score in measure.infos:
            drawn = model.scores.by_name[score.name]
            ranked = score.name == RANKED
            if not ranked and np.isnan(drawn.summary.clean[0]) and not drawn.conditions:
                continue  # nothing was observed
            yield from _summary(score.name, drawn, model, protocol)
            yield from _single(score.name, drawn, model, protocol)


def _summary(
    metric: str, drawn: ScoreDraws, model: ScoredModel, protocol: Protocol
) -> Iterator[Line]:
    summary, images = drawn.summary, model.images.get(CLEAN, 0)
    scored = protocol.averaged.removeprefix("severities ")
    # Of the score that ranks, averages have the names that the literature gives them.
    names = ("mean", "retention", "mPC", "rPC")
    mean, retention, mpc, rpc = (n if metric == RANKED else f"{metric}_{n}" for n in names)
    yield metric, CLEAN.name, CLEAN.name, "0", summary.clean, images
    for spec in protocol.corruptions:
        draws = summary.corruptions[spec.name]
        yield metric, spec.name, spec.category, spec.scored_text, draws, images
    average = mean if metric == RANKED else metric
    for category, draws in summary.categories.items():
        yield average, None, category, scored, draws, images
    yield average, None, None, scored, summary.mean, images
    yield retention, None, None, scored, summary.retention, images
    if metric == RANKED:
        every = f"{SEVERITIES[0]}-{SEVERITIES[-1]}"
        yield mpc, None, None, every, summary.mpc, images
        yield rpc, None, None, every, summary.rpc, images


def _single(
    metric: str, drawn: ScoreDraws, model: ScoredModel, protocol: Protocol
) -> Iterator[Line]:
    for spec in protocol.corruptions:
        for severity in SEVERITIES:
            condition = Condition(spec.name, severity)
            if condition in drawn.conditions:
                images = model.images.get(condition, 0)
                draws = drawn.conditions[condition]
                yield metric, spec.name, spec.category, str(severity), draws, images
