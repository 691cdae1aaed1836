"""Every score of every measure as one tidy table, a row for each number."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from robustbench_seg.measures import MEASURES
from robustbench_seg.records.protocol import CLEAN, SEVERITIES, Condition, Protocol, load_protocol
from robustbench_seg.records.run_record import read_record
from robustbench_seg.results.groups import group_runs
from robustbench_seg.results.intervals import interval
from robustbench_seg.results.model_scores import RANKED, Draws, ScoreDraws
from robustbench_seg.results.models import ScoredModel, read_model
from robustbench_seg.results.read import Paths
from robustbench_seg.results.run_protocol import own_protocol

SCORE_COLUMNS = {
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


@dataclass(frozen=True, eq=False)
class _ScoreLine:
    """One number.

    Attributes:
        metric: Column `metric`.
        severities: Column `severities`.
        draws: The number in every draw.
        images: Images that it is of, where it is of one condition or corruption.
        corruption: Column `corruption`; None for an average over several.
        category: Column `category`; None for an average over several.
    """

    metric: str
    severities: str
    draws: Draws
    images: int
    corruption: str | None = None
    category: str | None = None


def scores(runs: Paths, protocol: str | Path | Protocol | None = None) -> pd.DataFrame:
    """Tabulate every score of every measure of runs, in percent, with 95 % intervals.

    Args:
        runs: Run folders, or folders of them.
        protocol: Score under this one, a name, TOML file or Protocol; None: each model under its
            own.

    Returns:
        The SCORE_COLUMNS: model, dataset, split, source, protocol, metric (such as miou, or mean,
        retention, mPC and rPC of it), corruption, category, severities, class, value, ci_low,
        ci_high, images. An incomplete score has no value.

    Raises:
        ResultsError: A folder holds no run, or a broken one, or no run has confusion matrices.
        CardError: There is no such protocol.
    """
    chosen = None if protocol is None else load_protocol(protocol)
    tables = []
    for folders in group_runs(runs):
        used = chosen or own_protocol(folders[0], read_record(folders[0]))
        tables.append(score_table(read_model(folders, used), used))
    return pd.concat(tables, ignore_index=True)


def score_table(model: ScoredModel, protocol: Protocol, name: str | None = None) -> pd.DataFrame:
    """Tabulate the scores of one model.

    Args:
        model: The model, scored under `protocol`.
        protocol: The protocol.
        name: What the model is called, in place of its own name.

    Returns:
        Columns SCORE_COLUMNS; see `scores`.
    """
    record = model.records[0]
    facts = {
        "model": name or model.name,
        "dataset": record.dataset,
        "split": record.split,
        "source": "measured",
        "protocol": protocol.name,
    }
    rows = []
    for line in _lines(model, protocol):
        low, high = interval(line.draws, model.scores.units)
        rows.append(
            {
                **facts,
                "metric": line.metric,
                "corruption": line.corruption,
                "category": line.category,
                "severities": line.severities,
                "value": float(line.draws[0]),
                "ci_low": low,
                "ci_high": high,
                "images": line.images,
            }
        )
    classes = model.class_iou.rename(columns={"iou": "value"}).assign(metric="iou", **facts)
    classes["severities"] = classes["severity"].astype(str)
    shaped = [
        table.reindex(columns=list(SCORE_COLUMNS)).astype(SCORE_COLUMNS)
        for table in (pd.DataFrame(rows), classes)
    ]
    return pd.concat(shaped, ignore_index=True)


def _lines(model: ScoredModel, protocol: Protocol) -> Iterator[_ScoreLine]:
    for measure in MEASURES:
        for info in measure.infos:
            score = model.scores.by_name[info.name]
            if info.name != RANKED and not score.conditions:
                continue  # nothing was observed
            yield from _corruption_lines(info.name, score, model, protocol)
            yield from _average_lines(info.name, score, model, protocol)
            yield from _condition_lines(info.name, score, model, protocol)


def _corruption_lines(
    metric: str, score: ScoreDraws, model: ScoredModel, protocol: Protocol
) -> Iterator[_ScoreLine]:
    """Clean, and each corruption over its scored severities."""
    summary, images = score.summary, model.images.get(CLEAN, 0)
    yield _ScoreLine(metric, "0", summary.clean, images, CLEAN.name, CLEAN.name)
    for spec in protocol.corruptions:
        draws = summary.corruptions[spec.name]
        yield _ScoreLine(metric, spec.scored_text, draws, images, spec.name, spec.category)


def _average_lines(
    metric: str, score: ScoreDraws, model: ScoredModel, protocol: Protocol
) -> Iterator[_ScoreLine]:
    """Categories, mean and retention; of the score that ranks by their names in the literature."""
    summary, images = score.summary, model.images.get(CLEAN, 0)
    scored = protocol.averaged.removeprefix("severities ")
    ranked = metric == RANKED
    mean, retention = ("mean", "retention") if ranked else (metric, f"{metric}_retention")
    for category, draws in summary.categories.items():
        yield _ScoreLine(mean, scored, draws, images, category=category)
    yield _ScoreLine(mean, scored, summary.mean, images)
    yield _ScoreLine(retention, scored, summary.retention, images)
    if ranked:
        every = f"{SEVERITIES[0]}-{SEVERITIES[-1]}"
        yield _ScoreLine("mPC", every, summary.mpc, images)
        yield _ScoreLine("rPC", every, summary.rpc, images)


def _condition_lines(
    metric: str, score: ScoreDraws, model: ScoredModel, protocol: Protocol
) -> Iterator[_ScoreLine]:
    for spec in protocol.corruptions:
        for severity in SEVERITIES:
            condition = Condition(spec.name, severity)
            if condition in score.conditions:
                draws, images = score.conditions[condition], model.images.get(condition, 0)
                yield _ScoreLine(metric, str(severity), draws, images, spec.name, spec.category)
