"""Every score of every measure as one tidy table, a row for each number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from robustbench_seg.measures import ScoreInfo
from robustbench_seg.records.protocol import (
    CLEAN,
    SEVERITIES,
    Condition,
    CorruptionSpec,
    Protocol,
    load_protocol,
)
from robustbench_seg.records.run_file import read_record
from robustbench_seg.results.intervals import ANY, PERCENT, score_interval
from robustbench_seg.results.model_scores import RANKED, Draws, ScoreDraws
from robustbench_seg.results.read import Paths
from robustbench_seg.results.run_groups import group_runs
from robustbench_seg.results.run_protocol import own_protocol
from robustbench_seg.results.scored_model import ScoredModel, read_model
from robustbench_seg.results.subsets import DROP, DROP_LIMITS, subset_scores
from robustbench_seg.results.worst import worst_condition, worst_corruption

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


@dataclass(frozen=True)
class _ScoreLabel:
    """What a number in the table is of.

    Attributes:
        metric: Column `metric`.
        severities: Column `severities`.
        corruption: Column `corruption`; None for an average over several.
        category: Column `category`; None for an average over several.
        group: Column `class`: a group of classes; None for all classes.
    """

    metric: str
    severities: str
    corruption: str | None = None
    category: str | None = None
    group: str | None = None

    @property
    def columns(self) -> dict[str, str | None]:
        """The values of the columns."""
        return {
            "metric": self.metric,
            "severities": self.severities,
            "corruption": self.corruption,
            "category": self.category,
            "class": self.group,
        }


@dataclass(frozen=True, eq=False)
class _ScoreLine:
    """One number.

    Attributes:
        label: What it is of.
        draws: The number in every draw.
        images: Images that it is of, where it is of one condition or corruption.
        limits: The smallest and largest value that it can have.
    """

    label: _ScoreLabel
    draws: Draws
    images: int
    limits: tuple[float, float] = PERCENT


def scores(runs: Paths, protocol: str | Path | Protocol | None = None) -> pd.DataFrame:
    """Tabulate every score of every measure of runs, in percent, with 95 % intervals.

    Args:
        runs: Run folders or packs, or folders of them.
        protocol: Score under this one, a name, TOML file or Protocol; None: each model under its
            own.

    Returns:
        The SCORE_COLUMNS: model, dataset, split, source, protocol, metric (such as miou, or mean,
        retention, mPC and rPC of it), corruption, category, severities, class (or the group of
        classes), value, ci_low, ci_high, images. An incomplete score has no value. Of acdc and
        muses there are also the rows of each subset, such as acdc:fog, and the metric miou_drop
        where the reference images were scored, too (see subset_scores).

    Raises:
        ResultsError: A folder holds no run, or a broken one, or no run has confusion matrices.
        CardError: There is no such protocol.
    """
    chosen = None if protocol is None else load_protocol(protocol)
    models = []
    for folders in group_runs(runs):
        used = chosen or own_protocol(folders[0], read_record(folders[0]))
        models.append((read_model(folders, used), used))
    tables = [score_table(*model) for model in models]
    return pd.concat([*tables, subset_table(models)], ignore_index=True)


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
        low, high = score_interval(
            line.draws, model.scores.units, model.scores.degrees, limits=line.limits
        )
        rows.append(
            {
                **facts,
                **line.label.columns,
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


def subset_table(
    models: Sequence[tuple[ScoredModel, Protocol]], names: Sequence[str] | None = None
) -> pd.DataFrame:
    """Tabulate the clean scores of subsets of datasets, and the drops from references.

    Args:
        models: The models, each with the protocol that it is scored under.
        names: What the models are called, in place of their own names.

    Returns:
        Columns SCORE_COLUMNS; see `scores`.
    """
    rows = []
    for score in subset_scores([model.folders for model, _ in models]):
        model, protocol = models[score.model]
        limits = DROP_LIMITS if score.metric == DROP else PERCENT
        low, high = score_interval(score.draws, score.units, score.degrees, limits=limits)
        rows.append(
            {
                "model": names[score.model] if names else model.name,
                "dataset": score.dataset,
                "split": model.records[0].split,
                "source": "measured",
                "protocol": protocol.name,
                **_clean_label(score.metric).columns,
                "value": float(score.draws[0]),
                "ci_low": low,
                "ci_high": high,
                "images": score.images,
            }
        )
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS)).astype(SCORE_COLUMNS)


def published_score_table(scores: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Tabulate published scores, which have neither draws nor intervals.

    Args:
        scores: A row for each model: columns of SCORE_COLUMNS such as model and dataset, and in
            percent clean, each corruption, mean and retention.
        protocol: The protocol that they were scored under.

    Returns:
        Columns SCORE_COLUMNS; see `scores`.
    """
    labels = {CLEAN.name: _clean_label(RANKED)}
    labels |= {spec.name: _corruption_label(RANKED, spec) for spec in protocol.corruptions}
    labels |= {metric: _average_label(metric, protocol) for metric in ("mean", "retention")}
    facts = [column for column in SCORE_COLUMNS if column in scores]
    rows = [
        {**{name: row[name] for name in facts}, **label.columns, "value": row[column]}
        for row in scores.to_dict("records")
        for column, label in labels.items()
    ]
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS)).astype(SCORE_COLUMNS)


def _lines(model: ScoredModel, protocol: Protocol) -> Iterator[_ScoreLine]:
    for score in model.scores.by_name.values():
        if score.info.name != RANKED and not score.conditions:
            continue  # nothing was observed
        for lines in (_corruption_lines, _average_lines, _condition_lines):
            for line in lines(score.info, score, model, protocol):
                label = replace(line.label, group=score.info.group)
                yield replace(line, label=label)


def _clean_label(metric: str) -> _ScoreLabel:
    """Label the score of the clean images."""
    return _ScoreLabel(metric, str(CLEAN.severity), CLEAN.name, CLEAN.name)


def _corruption_label(metric: str, spec: CorruptionSpec) -> _ScoreLabel:
    """Label the mean over the scored severities of a corruption."""
    return _ScoreLabel(metric, spec.scored_text, spec.name, spec.category)


def _average_label(metric: str, protocol: Protocol, category: str | None = None) -> _ScoreLabel:
    """Label an average over the corruptions of a protocol, or of one of its categories."""
    if category is None:
        return _ScoreLabel(metric, protocol.averaged.removeprefix("severities "))
    levels = dict.fromkeys(spec.scored_text for spec in protocol.by_category[category])
    return _ScoreLabel(metric, ", ".join(levels), category=category)


def _corruption_lines(
    info: ScoreInfo, score: ScoreDraws, model: ScoredModel, protocol: Protocol
) -> Iterator[_ScoreLine]:
    """Clean, and each corruption over its scored severities."""
    summary, images = score.summary, model.images.get(CLEAN, 0)
    yield _ScoreLine(_clean_label(info.name), summary.clean, images, info.limits)
    for spec in protocol.corruptions:
        label, draws = _corruption_label(info.name, spec), summary.corruptions[spec.name]
        yield _ScoreLine(label, draws, images, info.limits)


def _average_lines(
    info: ScoreInfo, score: ScoreDraws, model: ScoredModel, protocol: Protocol
) -> Iterator[_ScoreLine]:
    """Categories, mean and retention; of the score that ranks by their names in the literature."""
    summary, images = score.summary, model.images.get(CLEAN, 0)
    ranked = info.name == RANKED
    mean, retention = ("mean", "retention") if ranked else (info.name, f"{info.name}_retention")
    for category, draws in summary.categories.items():
        yield _ScoreLine(_average_label(mean, protocol, category), draws, images, info.limits)
    yield _ScoreLine(_average_label(mean, protocol), summary.mean, images, info.limits)
    if info.higher_is_better:
        yield _ScoreLine(_average_label(retention, protocol), summary.retention, images, ANY)
    if ranked:
        every = f"{SEVERITIES[0]}-{SEVERITIES[-1]}"
        yield _ScoreLine(_ScoreLabel("mPC", every), summary.mpc, images, info.limits)
        yield _ScoreLine(_ScoreLabel("rPC", every), summary.rpc, images, ANY)
        for metric, draws in (
            ("worst_corruption", worst_corruption(score)),
            ("worst_condition", worst_condition(score, protocol)),
        ):
            yield _ScoreLine(_average_label(metric, protocol), draws, images, info.limits)


def _condition_lines(
    info: ScoreInfo, score: ScoreDraws, model: ScoredModel, protocol: Protocol
) -> Iterator[_ScoreLine]:
    """Each corruption at each severity that has rows."""
    for spec in protocol.corruptions:
        for severity in SEVERITIES:
            condition = Condition(spec.name, severity)
            if condition in score.conditions:
                label = _ScoreLabel(info.name, str(severity), spec.name, spec.category)
                images, draws = model.images.get(condition, 0), score.conditions[condition]
                yield _ScoreLine(label, draws, images, info.limits)
