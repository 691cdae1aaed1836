"""Every score of every measure in one tidy table, with a row for each number."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from robustbench_seg.measures import ScoreInfo, score_infos
from robustbench_seg.records.cards.protocol import Protocol, load_protocol
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.results.models.scored_model import ScoredModel, read_model
from robustbench_seg.results.models.subsets import SubsetScore, subset_scores
from robustbench_seg.results.score_columns import (
    MEASURED,
    RUNS_COLUMN,
    SCORE_COLUMNS,
    runs_text,
    score_rows,
    with_class_map,
)
from robustbench_seg.results.statistics.draws import Draws, score_of
from robustbench_seg.results.statistics.intervals import PERCENT, score_interval
from robustbench_seg.results.summaries.model_scores import RANKING_SCORE, ScoreDraws
from robustbench_seg.results.summaries.summary_scores import SummaryScore, summary_scores
from robustbench_seg.store import Paths, ProtocolsByName, group_runs, scoring_protocol


@dataclass(frozen=True)
class _ScoreLabel:
    """The label of a number in the table.

    Attributes:
        metric: Column `metric`.
        severities_text: Column `severities`.
        corruption: Column `corruption`; None for an average over several.
        category: Column `category`; None for an average over several.
        group: Column `class`: a group of classes; None for all classes.
    """

    metric: str
    severities_text: str
    corruption: str | None = None
    category: str | None = None
    group: str | None = None

    @property
    def columns(self) -> Mapping[str, str | None]:
        """The values of the columns."""
        return {
            "metric": self.metric,
            "severities": self.severities_text,
            "corruption": self.corruption,
            "category": self.category,
            "class": self.group,
        }


@dataclass(frozen=True, eq=False)
class _ScoreLine:
    """One number.

    Attributes:
        label: Its label.
        draws: The number in every draw.
        images: Number of its images, if it is for one condition or perturbation.
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
        protocol: Protocol that scores all runs: a name, TOML file or Protocol. None: the protocol
            of each run.

    Returns:
        The SCORE_COLUMNS model, dataset, split, source, protocol, metric (such as miou, or mean,
        retention, mPC and rPC of it), corruption, category, severities, class (or the group of
        classes), value, ci_low, ci_high (all three in percent), images and runs (the names of the
        run folders). If a run has a class map, there is also the column class_map with its name.
        An incomplete score has no value. Runs on acdc and muses also have rows for each subset,
        such as acdc:fog, and the metric miou_drop if the reference images were scored too (see
        subset_scores).

    Raises:
        ResultsError: A folder contains no run, or a damaged one, no run has confusion matrices, or
            two runs have different protocols of one name.
        CardError: There is no such protocol.

    >>> table = rs.scores("runs")
    >>> clean = table[(table["metric"] == "miou") & (table["corruption"] == "clean")]
    >>> clean.set_index("model")["value"].round(1).to_dict()
    {'all-building': 1.5, 'all-road': 2.6}
    """
    given = None if protocol is None else load_protocol(protocol)
    models, protocols = [], ProtocolsByName()
    for folders in group_runs(runs):
        used = scoring_protocol(folders, given)
        protocols.add(used, folders[0])
        models.append((read_model(folders, used), used))
    tables = [scores_of_model(*model) for model in models]
    found = subset_scores([model.folders for model, _ in models])
    return pd.concat([*tables, subset_table(models, found)], ignore_index=True)


def scores_of_model(
    model: ScoredModel, protocol: Protocol, name: str | None = None
) -> pd.DataFrame:
    """Tabulate the scores of one model.

    Args:
        model: The model, scored under `protocol`.
        protocol: The protocol.
        name: A name for the model, instead of its own.

    Returns:
        Columns SCORE_COLUMNS; see `scores`.
    """
    record = model.records[0]
    facts = {
        "model": name or model.name,
        "dataset": record.dataset,
        "split": record.split,
        "source": MEASURED,
        "protocol": protocol.name,
        RUNS_COLUMN: runs_text(model.folders),
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
                "value": score_of(line.draws),
                "ci_low": low,
                "ci_high": high,
                "images": line.images,
            }
        )
    classes = model.class_iou.rename(columns={"iou": "value"}).assign(metric="iou", **facts)
    classes["severities"] = classes["severity"].astype(str)
    classes = classes.reindex(columns=list(SCORE_COLUMNS)).astype(SCORE_COLUMNS)
    return with_class_map(pd.concat([score_rows(rows), classes], ignore_index=True), record)


def subset_table(
    models: Sequence[tuple[ScoredModel, Protocol]],
    found: Sequence[SubsetScore],
    names: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Tabulate the clean scores of the subsets of datasets, and the drops from the references.

    Args:
        models: The models, each with its protocol.
        found: The scores of their subsets; see subset_scores.
        names: Names for the models, instead of their own.

    Returns:
        Columns SCORE_COLUMNS; see `scores`.
    """
    rows, clean = [], str(CLEAN.severity)
    places = {model.folders: place for place, (model, _) in enumerate(models)}
    for score in found:
        place = places[score.runs]
        model, protocol = models[place]
        low, high = score.interval
        rows.append(
            {
                "model": names[place] if names else model.name,
                "dataset": score.dataset,
                "split": model.records[0].split,
                "source": MEASURED,
                "protocol": protocol.name,
                **_ScoreLabel(score.metric, clean, CLEAN.name, CLEAN.name).columns,
                "value": score_of(score.draws),
                "ci_low": low,
                "ci_high": high,
                "images": score.images,
                RUNS_COLUMN: runs_text(score.runs),
            }
        )
    return score_rows(rows)


def published_score_table(scores: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Tabulate published scores, which have neither draws nor intervals.

    Args:
        scores: A row for each model: columns of SCORE_COLUMNS such as model and dataset, and in
            percent clean, each perturbation, mean and retention.
        protocol: Their protocol.

    Returns:
        Columns SCORE_COLUMNS; see `scores`.
    """
    info = score_infos()[RANKING_SCORE]
    labels = {
        score.name: _summary_label(score, info, protocol)
        for score in summary_scores(protocol, info)
        if score.kind != "category" and score.name in scores
    }
    facts = [column for column in SCORE_COLUMNS if column in scores]
    rows = [
        {**{name: row[name] for name in facts}, **label.columns, "value": row[column]}
        for row in scores.to_dict("records")
        for column, label in labels.items()
    ]
    return score_rows(rows)


def _lines(model: ScoredModel, protocol: Protocol) -> Iterator[_ScoreLine]:
    for score in model.scores.by_key.values():
        if score.info.name != RANKING_SCORE and not score.conditions:
            continue  # nothing was observed
        images = model.image_counts.get(CLEAN, 0)
        for each in summary_scores(protocol, score.info):
            label = _summary_label(each, score.info, protocol)
            yield _ScoreLine(label, each.compute(score), images, each.limits)
        yield from _condition_lines(score, model, protocol)


def _summary_label(score: SummaryScore, info: ScoreInfo, protocol: Protocol) -> _ScoreLabel:
    """Label a summary score. Those of the ranking score have the names of the literature."""
    ranked, is_single = info.name == RANKING_SCORE, score.kind in ("clean", "corruption")
    average = "mean" if score.kind == "category" else score.name
    if is_single or (average == "mean" and not ranked):
        metric = info.name
    else:
        metric = average if ranked else f"{info.name}_{average}"
    return _ScoreLabel(
        metric,
        score.severities_text or protocol.words.scored_text,
        corruption=score.name if is_single else None,
        category=score.category,
        group=info.group,
    )


def _condition_lines(
    score: ScoreDraws, model: ScoredModel, protocol: Protocol
) -> Iterator[_ScoreLine]:
    """Each perturbation at each severity that has rows."""
    info = score.info
    for perturbation in protocol.perturbations:
        for severity in perturbation.severities:
            condition = Condition(perturbation.name, severity)
            if condition in score.conditions:
                label = _ScoreLabel(
                    info.name, str(severity), perturbation.name, perturbation.category, info.group
                )
                images, draws = model.image_counts.get(condition, 0), score.conditions[condition]
                yield _ScoreLine(label, draws, images, info.limits)
