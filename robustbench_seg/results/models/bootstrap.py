"""The bootstrap: how much a score depends on the choice of images.

The sampling units are drawn with replacement, as many as there are, 1000 times. The counts of each
draw are pooled and scored again (Efron, "Bootstrap methods", 1979; percentile intervals, expanded
for few units). A unit is an image, or a clip of consecutive frames if the dataset is a video (see
sampling_units). All conditions, and all models on the same images, have the same draws, so
differences are paired.

If one model was trained several times (runs that differ only in the training seed), its scores are
means over the trainings. The trainings are drawn independently of the images and separately for
each model; the same trainings, scored in two ways, have the same draws. Of n trainings, n - 1 are
drawn: the variance of their mean then equals that of the mean of n, whereas n draws from n have
only (n - 1) / n of it. With one training, the interval does not cover the randomness of training.

A training may have several runs, one for each seed of the corruptions' random numbers. The score of
a condition is then the mean over the seeds that have all its images. An image is drawn with its
random numbers under every seed, so a draw of the images is also one of the numbers (see seeds).

An ensemble of attacks (sea) is a condition like any other: the attack for an image is chosen once,
over all images of the run (see store.attack_ensembles), and is the same in every draw.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import chain

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_seg.errors import ResultsError
from robustbench_seg.machine.threads import one_blas_thread
from robustbench_seg.measures import MEASURES, ScoreInfo, Scorer
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.results.models.trainings import Trainings
from robustbench_seg.results.statistics.draws import RESAMPLES, Draws, draw_trainings, draw_units
from robustbench_seg.results.statistics.sampling_units import unit_of_image
from robustbench_seg.results.summaries.model_scores import ModelScores, ScoreDraws
from robustbench_seg.results.summaries.summary import summarise
from robustbench_seg.store import COUNTS, condition_rows, with_counts

_MANY_IMAGES = 100
"""From this number on, several threads score the conditions of a run. With 24 images they save no
time; with 500 they do.
"""

_COLUMNS = 1024
"""Conditions are drawn together up to this number of counts, for which the product is fast."""


def bootstrap(
    results: pd.DataFrame,
    protocol: Protocol,
    resamples: int = RESAMPLES,
    *,
    trainings: Trainings | None = None,
    scorers: Sequence[Scorer] = MEASURES,
) -> ModelScores:
    """Draw the images of one model and score each draw.

    Args:
        results: Rows of the runs of one model (see model_runs), from read_results or read_counts.
        protocol: The protocol of the averages.
        resamples: Number of draws; 0: only the scores.
        trainings: Its trainings; runs of them may have no rows. None: each run is a training.
        scorers: The measures and derived scores to compute.

    Raises:
        ResultsError: No image is scored yet.
    """
    by_scorer = {scorer: with_counts(results, scorer) for scorer in scorers}
    models, clips, observed, ids = (
        [*dict.fromkeys(chain.from_iterable(rows[name].unique() for rows in by_scorer.values()))]
        for name in ("model", "clip", "run", "image")
    )
    if not observed:
        named = ", ".join(results["run"].unique()) or "the run"
        raise ResultsError(f"{named}: no image is scored yet; evaluate it first")
    if len(models) > 1:
        raise ValueError(f"expected rows of one model, got rows of {len(models)}")
    clip = int(clips[0])
    images = tuple(sorted(ids))
    unit_of = unit_of_image(images, clip)
    times = draw_units(unit_of, resamples)
    trainings = trainings or Trainings([[run] for run in observed])
    count = len(trainings.runs)
    shares = draw_trainings(trainings.identity or str(models[0]), count, resamples)
    scores = dict[str, ScoreDraws]()
    # Threads help where products are large. On few images they only wait for Python's lock.
    workers = os.cpu_count() if len(images) >= _MANY_IMAGES else 1
    with one_blas_thread(), ThreadPoolExecutor(workers) as pool:
        for scorer, rows in by_scorer.items():
            of_run = {
                str(run): _condition_draws(rows_of_run, scorer, times, pool)
                for run, rows_of_run in rows.groupby("run", sort=False)
            }
            counted = _counted_trainings(trainings.runs, observed, of_run)
            scores_by_training = [[of_run.get(run, {}) for run in runs] for runs in counted]
            drawn = shares if len(counted) == count else np.ones((1, resamples))
            scores |= _score_draws(scores_by_training, scorer.infos, protocol, len(times), drawn)
    return ModelScores(scores, images, clip, int(unit_of.max()) + 1, count)


def _counted_trainings(
    runs_by_training: Sequence[Sequence[str]],
    observed: Collection[str],
    of_run: Collection[str],
) -> Sequence[Sequence[str]]:
    """Return the trainings over which a score is averaged, usually all.

    If only some trainings have the counts of the score, as in older runs, it is the first of them.
    """
    having = [runs for runs in runs_by_training if any(run in of_run for run in runs)]
    others = [runs for runs in runs_by_training if runs not in having]
    if having and others and all(any(run in observed for run in runs) for runs in others):
        return having[:1]
    return runs_by_training


_RunScores = Mapping[Condition, Mapping[str, Draws]]
"""The draws of one run: for each condition, the draws of each score."""


def _score_draws(
    scores_by_training: Sequence[Sequence[_RunScores]],
    infos: Sequence[ScoreInfo],
    protocol: Protocol,
    count: int,
    shares: NDArray[np.float64],
) -> Mapping[str, ScoreDraws]:
    """Compute scores, by key, from `count` draws of each run of each training."""
    names = [
        *dict.fromkeys(
            condition for runs in scores_by_training for run in runs for condition in run
        )
    ]
    scores = {}
    for info in infos:
        each = np.empty((len(scores_by_training), len(names), count))
        for place, runs in enumerate(scores_by_training):
            for row, condition in enumerate(names):
                each[place, row] = _mean_of(runs, condition, info.key)
        table = np.concatenate([each.mean(axis=0), each[:, :, 0].T @ shares], axis=1)
        conditions = dict(zip(names, table, strict=True))
        summary = summarise(conditions, protocol, (table.shape[1],))
        scores[info.key] = ScoreDraws(info, conditions, summary, len(scores_by_training))
    return scores


def _mean_of(runs: Sequence[_RunScores], condition: Condition, score: str) -> Draws | float:
    """The mean over the complete runs of a training; nan if there is none."""
    complete = [run[condition][score] for run in runs if run.get(condition)]
    if len(complete) == 1:
        return complete[0]
    return np.mean(complete, axis=0) if complete else np.nan


def _condition_draws(
    rows: pd.DataFrame, scorer: Scorer, times: NDArray[np.float64], pool: Executor
) -> _RunScores:
    """The scores of each condition of one run in every draw; empty unless all images exist."""
    total, counts = int(rows["images"].iloc[0]), rows[COUNTS].to_numpy(object)
    names = rows["image"].to_numpy(object)
    by_condition = condition_rows(rows)
    complete = [c for c, places in by_condition.items() if len(places) == total == times.shape[1]]
    together = max(1, _COLUMNS // counts[0].size)
    blocks = [complete[first : first + together] for first in range(0, len(complete), together)]

    def of_block(block: Sequence[Condition]) -> Sequence[Mapping[str, Draws]]:
        places = [by_condition[condition] for condition in block]
        in_order = [each[np.argsort(names[each])] for each in places]  # of the images
        stack = np.array([[*counts[each]] for each in in_order])  # np.stack takes twice as long
        scores = scorer.draws(stack, times)
        return [{key: draws[n] for key, draws in scores.items()} for n in range(len(block))]

    drawn = chain.from_iterable(pool.map(of_block, blocks))
    return {condition: {} for condition in by_condition} | dict(zip(complete, drawn, strict=True))
