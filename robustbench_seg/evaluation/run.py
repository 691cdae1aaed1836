"""The study runs: images stream through the segmenters into their run folders.

Making an image, segmenting it and scoring it are three stages that overlap. What a row holds
depends on its image, condition and segmenter alone; so any number of workers and any number of
interrupted starts end in the same rows.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustbench_seg.datasets import Dataset
from robustbench_seg.errors import IncompleteError
from robustbench_seg.evaluation.hardest import keep_hardest
from robustbench_seg.evaluation.images import Made, Maker, Source
from robustbench_seg.evaluation.model_run import ModelRun
from robustbench_seg.evaluation.plan import Study, check_segmenters
from robustbench_seg.evaluation.predictions import PredictionFolder
from robustbench_seg.machine.progress import progress_bar
from robustbench_seg.records.protocol import CLEAN, Condition, Protocol
from robustbench_seg.records.shard import WHOLE, Shard
from robustbench_seg.results import RunFolder, clean_gaps, read_record, units
from robustbench_seg.segmenter import Segmenter

if TYPE_CHECKING:
    from tqdm import tqdm

log = logging.getLogger(__name__)

FLUSH_SECONDS = 45.0
"""A block that takes longer is written in several parts, so that a kill costs a minute at most."""

Wanted = tuple[Source, Condition]


def evaluate(
    segmenters: Sequence[Segmenter],
    dataset: Dataset,
    protocol: Protocol,
    conditions: Sequence[Condition],
    out: Path,
    *,
    stream: str = "fast",
    seed: int = 0,
    corrupted: Path | None = None,
    workers: int = 1,
    predictions: Path | None = None,
    shard: Shard = WHOLE,
    progress: bool = False,
) -> list[Path]:
    """Run every segmenter on every image, clean and under every condition.

    Only what is missing is computed: each image is decoded once for all its conditions, and each
    corrupted image is made once for all segmenters that lack it. Where a segmenter has a published
    clean score to be compared with, the clean images of the whole split go first.

    conditions:  of the protocol; clean is always run, also where there are none
    out:         the folder of run folders
    corrupted:   a tree of generate-cityscapes-c to read corrupted images from; None: make them in
                 memory. Both give the same rows
    workers:     threads that make corrupted images ahead of the segmenters; 1: none besides
    predictions: a folder to write each prediction to as well
    shard:       run only these blocks of images; all shards together give the rows of one run,
                 in one folder on a shared disk or in folders whose parts/ are copied together
    progress:    show a bar with the time left on stderr

    Returns the run folders, one for each segmenter. Warns (logging) of a clean score far from the
    published one, of corrupted images that equal their clean one, and of each image left out.
    Whatever is raised, finished rows stay.

    Raises CorruptionError for an unknown stream, a seed out of range or a tree without a manifest,
    ModelError if a segmenter's classes are not the dataset's or it fails on one image after the
    other, ResultsError if a folder holds something else or cannot be written or the frames of a
    video have no numbers, and, after everything else is done, IncompleteError if images had to be
    left out.
    """
    check_segmenters(segmenters, dataset)
    units(dataset.ids, dataset.clip)  # frames without numbers: better now than after hours
    study = Study(dataset, protocol, tuple(conditions), stream, seed, corrupted, shard)
    unchanged = _Unchanged()
    with ThreadPoolExecutor(1) as scorer, Maker(study, workers) as maker:
        runs = _open(study, segmenters, out, predictions, scorer)
        paths = [run.folder.path for run in runs]
        with _bar(study, runs, progress) as bar:
            for phase in study.phases(segmenters):
                for block in study.blocks():
                    _run_block(block, phase, study, runs, maker, unchanged, bar)
                if phase == (CLEAN,):
                    for gap in clean_gaps(paths):
                        log.warning("%s", gap)
        scored = len(dataset) * (1 + len(protocol.scored_conditions))
        for segmenter, run in zip(segmenters, runs, strict=True):
            if len(run.folder) >= scored:
                keep_hardest(run.folder.path, segmenter, study, maker)
    unchanged.tell()
    reasons = tuple(dict.fromkeys(reason for run in runs for reason in run.left_out))
    for reason in reasons:
        log.warning("left out: %s", reason)
    if reasons:
        raise left_out(reasons, paths)
    return paths


def left_out(reasons: tuple[str, ...], paths: Sequence[Path]) -> IncompleteError:
    """What to raise in the end where images had to be left out, each reason told before."""
    more = f" (and {len(reasons) - 1} more, named above)" if len(reasons) > 1 else ""
    return IncompleteError(
        f"left out: {reasons[0]}{more}; all else is done and kept in "
        f"{', '.join(map(str, paths))}: mend it and evaluate again",
        reasons,
    )


def _run_block(
    block: range,
    conditions: Sequence[Condition],
    study: Study,
    runs: Sequence[ModelRun],
    maker: Maker,
    unchanged: "_Unchanged",
    bar: "tqdm[None]",
) -> None:
    with ExitStack() as at_end:
        for run in runs:
            at_end.callback(run.flush, block)  # each, also where another's fails
        for made in maker.all(_wanted(study, block, conditions, runs)):
            unchanged.take(made)
            for run in _lacking(runs, made.source, made.condition):
                run.take(made)
                run.flush(block, after=FLUSH_SECONDS)
                bar.update()


def _open(
    study: Study,
    segmenters: Sequence[Segmenter],
    out: Path,
    predictions: Path | None,
    scorer: ThreadPoolExecutor,
) -> list[ModelRun]:
    how, runs = study.recipe(), []
    for segmenter in segmenters:
        record = study.record(segmenter, how)
        folder = RunFolder.open(out, record)
        _tell_what_stays(folder.path, record)
        saved = PredictionFolder.open(predictions, segmenter.name, record) if predictions else None
        runs.append(ModelRun(segmenter, folder, saved, study.dataset, scorer))
    return runs


def _tell_what_stays(folder: Path, record: Mapping[str, Any]) -> None:
    """run.json is never changed: what it says beside the key may be of another start."""
    standing = {"clip": 1, **read_record(folder)}
    if standing.get("protocol") != record["protocol"]:
        began, now = standing.get("protocol"), record["protocol"]
        log.warning("%s began under %s: report and compare it --protocol %s", folder, began, now)
    if standing["clip"] != record["clip"]:
        kept = f"clip {standing['clip']} and keeps it, not {record['clip']}"
        log.warning("%s began with %s; remove the folder to begin anew", folder, kept)


def _wanted(
    study: Study, block: range, conditions: Sequence[Condition], runs: Sequence[ModelRun]
) -> Iterator[Wanted]:
    """What at least one run lacks of a block."""
    for index in block:
        source = Source(study.dataset, index)
        for condition in conditions:
            if _lacking(runs, source, condition):
                yield source, condition


def _lacking(runs: Sequence[ModelRun], source: Source, condition: Condition) -> list[ModelRun]:
    return [run for run in runs if run.lacks(source, condition)]


def _bar(study: Study, runs: Sequence[ModelRun], shown: bool) -> "tqdm[None]":
    """Images x conditions x models, and how many of them are there already."""
    total = len(runs) * sum(map(len, study.blocks())) * len(study.all_conditions)
    todo = sum(
        len(_lacking(runs, source, condition))
        for block in study.blocks()
        for source, condition in _wanted(study, block, study.all_conditions, runs)
    )
    return progress_bar(total, total - todo, disable=not shown)


class _Unchanged:
    """Counts corrupted images that equal their clean one."""

    def __init__(self) -> None:
        self._made: Counter[Condition] = Counter()
        self._same: Counter[Condition] = Counter()

    def take(self, made: Made) -> None:
        if made.image is not None:
            self._made[made.condition] += 1
            self._same[made.condition] += made.same

    def tell(self) -> None:
        for condition, count in self._same.items():
            if count:
                of, name, severity = self._made[condition], condition.name, condition.severity
                log.warning(
                    "%s at severity %d left %d of %d images unchanged", name, severity, count, of
                )
