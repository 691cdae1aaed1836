"""Scores of runs, from their confusion matrices: DataFrames in, DataFrames out.

The mIoU of a condition is that of one matrix, the sum over its images. A corruption's score is the
plain mean over its scored severities, a protocol's the plain mean over its corruptions, and
retention that mean divided by the clean mIoU. mPC and rPC are the same two over all five
severities of every corruption (Michaelis et al., arXiv 1907.07484, Eq. 1-2). All scores are in
percent. What is incomplete has no score: nan.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from robustbench_seg.measures import CONFUSION, Counts, Measure, ScoreArray, iou_of_counts
from robustbench_seg.records.protocol import CLEAN, SEVERITIES, Condition, Protocol
from robustbench_seg.results.read import with_counts

KEYS = ["run", "model", "dataset", "split"]


@dataclass(frozen=True, eq=False)
class Summary:
    """What a protocol makes of one score of its conditions: one array of one shape each.

    corruptions: mean over the scored severities, in protocol order
    categories:  plain mean over their corruptions
    mean:        plain mean over the corruptions
    retention:   mean / clean
    mpc, rpc:    mean and retention with every severity scored
    """

    clean: ScoreArray
    corruptions: Mapping[str, ScoreArray]
    categories: Mapping[str, ScoreArray]
    mean: ScoreArray
    retention: ScoreArray
    mpc: ScoreArray
    rpc: ScoreArray


def summarise(
    cells: Mapping[Condition, ScoreArray], protocol: Protocol, shape: tuple[int, ...] = ()
) -> Summary:
    """Average a score of conditions as `protocol` says; nan where one is missing or nan.

    cells: arrays of one shape, for each condition that has a score
    shape: of the arrays, where no condition has one
    """
    nothing = np.full(next(iter(cells.values())).shape if cells else shape, np.nan)
    clean = cells.get(CLEAN, nothing)

    def average(protocol: Protocol) -> Mapping[str, ScoreArray]:
        return {
            spec.name: _mean([cells.get(Condition(spec.name, s), nothing) for s in spec.scored])
            for spec in protocol.corruptions
        }

    corruptions = average(protocol)
    mean = _mean([*corruptions.values()])
    mpc = _mean([*average(with_every_severity(protocol)).values()])
    categories = {
        category: _mean([corruptions[spec.name] for spec in specs])
        for category, specs in protocol.by_category.items()
    }
    return Summary(clean, corruptions, categories, mean, 100 * mean / clean, mpc, 100 * mpc / clean)


def _mean(scores: list[ScoreArray]) -> ScoreArray:
    return np.asarray(np.mean(scores, axis=0))


def with_every_severity(protocol: Protocol) -> Protocol:
    """The same protocol with severities 1 to 5 of every corruption scored: that of mPC and rPC."""
    specs = tuple(replace(spec, scored=SEVERITIES) for spec in protocol.corruptions)
    return replace(protocol, corruptions=specs)


def condition_scores(results: pd.DataFrame, measure: Measure = CONFUSION) -> pd.DataFrame:
    """The scores of each run and condition that follow from a measure.

    results: as read_results or read_counts gives them
    Columns: run, model, dataset, split, corruption, severity, images (how many were scored),
    complete (whether that is all of them), and the measure's scores: miou.
    """
    names = [score.name for score in measure.infos]
    records = [
        {
            **facts,
            "images": number,
            "complete": number == images,
            **{name: float(value) for name, value in measure.compute(total).items()},
        }
        for facts, number, images, _, total in _pooled(results, measure)
    ]
    columns = [*KEYS, "corruption", "severity", "images", "complete", *names]
    return pd.DataFrame(records, columns=columns).astype({"complete": bool})


def class_scores(results: pd.DataFrame) -> pd.DataFrame:
    """IoU of each run, condition and class; nan for a class that does not occur.

    results: as in condition_scores
    Columns: run, model, dataset, split, corruption, severity, class, iou.
    """
    records = [
        (*facts.values(), name, score)
        for facts, _, _, classes, total in _pooled(results, CONFUSION)
        for name, score in zip(classes, iou_of_counts(total).tolist(), strict=True)
    ]
    return pd.DataFrame(records, columns=[*KEYS, "corruption", "severity", "class", "iou"])


def _pooled(
    results: pd.DataFrame, measure: Measure
) -> Iterator[tuple[dict[str, object], int, int, tuple[str, ...], Counts]]:
    """For each run and condition: what it is, how many of how many images are scored, the classes,
    and the sum of their counts.
    """
    there = with_counts(results, measure)
    columns = [*KEYS, "corruption", "severity", "images", "classes"]
    groups = there.groupby(["run", "corruption", "severity"], sort=False).indices
    # Columns as plain arrays: a DataFrame for each group would take longer than all sums.
    facts = {name: there[name].to_numpy(object) for name in columns}
    counts = there["counts"].to_numpy(object)
    for places in groups.values():
        first = {name: column[places[0]] for name, column in facts.items()}
        images, classes = first.pop("images"), first.pop("classes")
        yield (
            first,
            len(places),
            images,
            classes,
            np.sum(np.stack([counts[place] for place in places]), axis=0),
        )


def protocol_scores(conditions: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """The scores of each run under a protocol, one row a run.

    conditions: as condition_scores gives them
    Columns: run, model, dataset, split, images (scored clean), clean, the corruptions in protocol
    order, mean, retention. A corruption is nan unless all its scored severities are there with
    all images; the mean is nan unless all corruptions are. For mPC and rPC, score
    with_every_severity(protocol).
    """
    records = []
    for _, rows in conditions.groupby("run", sort=False):
        complete = rows[rows["complete"]]
        pairs = map(Condition, complete["corruption"], complete["severity"])
        summary = summarise(
            dict(zip(pairs, complete["miou"].to_numpy(float), strict=True)), protocol
        )
        record: dict[str, object] = {key: rows[key].iloc[0] for key in KEYS}
        record["images"] = int(rows.loc[rows["corruption"] == CLEAN.name, "images"].sum())
        record |= {"clean": summary.clean, **summary.corruptions}
        record |= {"mean": summary.mean, "retention": summary.retention}
        records.append(record)
    names = ["clean", *protocol.names, "mean", "retention"]
    table = pd.DataFrame(records, columns=[*KEYS, "images", *names])
    return table.astype(dict.fromkeys(names, float))


def category_means(scores: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Plain mean over the corruptions of each category; nan unless all are there.

    scores: any table with a column for each corruption. Index as in `scores`, one column a
    category, in protocol order.
    """
    means = {}
    for category, specs in protocol.by_category.items():
        means[category] = scores[[spec.name for spec in specs]].mean(axis=1, skipna=False)
    return pd.DataFrame(means, index=scores.index)


def coarsest_scores(conditions: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """What a short table shows between clean and mean: the coarsest scores that there are.

    conditions: as condition_scores gives them
    One row a run, as in protocol_scores. Columns: each category that some run has whole; of another
    its corruptions that some run has whole; of another its conditions, called such as "fog 3".
    """
    scores = protocol_scores(conditions, protocol)
    whole = conditions[conditions["complete"]]
    levels = whole.pivot(index="run", columns=["corruption", "severity"], values="miou")
    columns = {}
    for category, means in category_means(scores, protocol).items():
        names = [spec.name for spec in protocol.by_category[str(category)]]
        if means.notna().any():
            columns[category] = means
            continue
        for name in names:
            if scores[name].notna().any():
                columns[name] = scores[name]
                continue
            for condition in protocol.conditions([name]):
                key = (condition.name, condition.severity)
                if key in levels:
                    shown = f"{name} {condition.severity}"
                    columns[shown] = scores["run"].map(levels[key])
    return pd.DataFrame(columns, index=scores.index)
