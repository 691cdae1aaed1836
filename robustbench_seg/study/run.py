"""The study runs: images stream through the segmenters into their run folders.

What a row holds depends on its image, condition and segmenter alone; so any number of workers and
any number of interrupted starts end in the same rows.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from robustbench_seg.confusion import confusion_matrix
from robustbench_seg.datasets import Dataset
from robustbench_seg.errors import DatasetError, IncompleteError
from robustbench_seg.protocol import Condition, Protocol
from robustbench_seg.results import Row, RunFolder, Timing
from robustbench_seg.segmenter import Segmenter
from robustbench_seg.shard import WHOLE, Shard
from robustbench_seg.study.images import Made, Maker, Source
from robustbench_seg.study.pictures import keep_pictures
from robustbench_seg.study.plan import BLOCK, Study, check_segmenters
from robustbench_seg.study.predictions import PredictionFolder

log = logging.getLogger(__name__)

FLUSH_SECONDS = 300.0
"""A block that takes longer is written in several parts, so that a kill costs minutes at most."""


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
    corrupted image is made once for all segmenters that lack it.

    conditions:  of the protocol; clean is always run, also where there are none
    out:         the folder of run folders
    corrupted:   a tree of generate-cityscapes-c to read corrupted images from; None: make them in
                 memory. Both give the same rows
    workers:     threads that make corrupted images ahead of the segmenters; 1: none besides
    predictions: a folder to write each prediction to as well
    shard:       run only these blocks of images; all shards together give the rows of one run,
                 in one folder on a shared disk or in folders whose parts/ are copied together
    progress:    show a bar with the time left on stderr

    Returns the run folders, one for each segmenter. Warns (logging) of corrupted images that
    equal their clean one, and of each image left out. Whatever is raised, finished rows stay.

    Raises ModelError if a segmenter's classes are not the dataset's, ResultsError if a folder
    holds something else or cannot be written, and, after everything else is done, IncompleteError
    if images had to be left out.
    """
    check_segmenters(segmenters, dataset)
    study = Study(dataset, protocol, tuple(conditions), stream, seed, corrupted, shard)
    runs = _open(study, segmenters, out, predictions)
    notes = _Notes()
    total = len(runs) * sum(map(len, study.blocks())) * len(study.all_conditions)
    todo = sum(
        len(_lacking(runs, source, condition))
        for block in study.blocks()
        for source, condition in _wanted(study, block, runs)
    )
    with (
        tqdm(total=total, initial=total - todo, unit="image", disable=not progress) as bar,
        Maker(study, workers) as maker,
    ):
        for block in study.blocks():
            try:
                for made in maker.all(_wanted(study, block, runs)):
                    notes.take(made)
                    for run in _lacking(runs, made.source, made.condition):
                        run.take(made, dataset)
                        run.flush(block, after=FLUSH_SECONDS)
                        bar.update()
            finally:
                for run in runs:
                    run.flush(block)
    notes.tell()
    paths = [run.folder.path for run in runs]
    if notes.left_out:
        count, first = len(notes.left_out), next(iter(notes.left_out))
        raise IncompleteError(
            f"left out: {first}{f' (and {count - 1} more, named above)' if count > 1 else ''}; all "
            f"else is done and kept in {', '.join(map(str, paths))}: mend it and evaluate again"
        )
    return paths


@dataclass(eq=False)
class _Run:
    """One segmenter with its folder and the rows that are not written yet."""

    segmenter: Segmenter
    folder: RunFolder
    saved: PredictionFolder | None
    rows: list[Row] = field(default_factory=list)
    timings: list[Timing] = field(default_factory=list)
    flushed: float = field(default_factory=time.monotonic)

    def lacks(self, source: Source, condition: Condition) -> bool:
        if (source.id, condition) not in self.folder.done:
            return True
        return self.saved is not None and not self.saved.path(source.id, condition).exists()

    def take(self, made: Made, dataset: Dataset) -> None:
        """Segment one image and keep its row, its timing, and what is shown of it."""
        source, condition = made.source, made.condition
        if made.image is None:
            self.rows.append(Row(source.id, condition, None, made.reason))
            return
        started = time.perf_counter()
        prediction = self.segmenter(made.image)
        seconds = time.perf_counter() - started
        labels = source.sample().labels
        try:
            matrix = confusion_matrix(labels, prediction, len(dataset.classes))
        except DatasetError as error:
            raise DatasetError(f"{source.id}: {error}") from None
        if source.index == 0:
            shown = (made.image, labels, prediction)
            keep_pictures(self.folder.path, condition, *shown, dataset.palette)
        if self.saved:
            self.saved.write(source.id, condition, prediction, dataset.palette)
        if (source.id, condition) not in self.folder.done:
            self.rows.append(Row(source.id, condition, matrix))
            self.timings.append(Timing(source.id, condition, made.seconds, seconds))

    def flush(self, block: range, after: float = 0.0) -> None:
        """Write the waiting rows, if the last time was at least `after` seconds ago."""
        if time.monotonic() - self.flushed >= after:
            rows, timings, self.rows, self.timings = self.rows, self.timings, [], []
            self.folder.add(block.start // BLOCK, rows, timings)
            self.flushed = time.monotonic()


def _open(
    study: Study, segmenters: Sequence[Segmenter], out: Path, predictions: Path | None
) -> list[_Run]:
    how, runs = study.recipe(), []
    for segmenter in segmenters:
        record = study.record(segmenter, how)
        folder = RunFolder.open(out, record)
        saved = PredictionFolder.open(predictions, segmenter.name, record) if predictions else None
        runs.append(_Run(segmenter, folder, saved))
    return runs


def _wanted(study: Study, block: range, runs: Sequence[_Run]) -> Iterator[tuple[Source, Condition]]:
    """What at least one run lacks of a block."""
    for index in block:
        source = Source(study.dataset, index)
        for condition in study.all_conditions:
            if _lacking(runs, source, condition):
                yield source, condition


def _lacking(runs: Sequence[_Run], source: Source, condition: Condition) -> list[_Run]:
    return [run for run in runs if run.lacks(source, condition)]


class _Notes:
    """What a reader must know of the images besides their numbers."""

    def __init__(self) -> None:
        self.left_out: dict[str, None] = {}
        self._made: Counter[Condition] = Counter()
        self._same: Counter[Condition] = Counter()

    def take(self, made: Made) -> None:
        if made.reason is not None:
            self.left_out[made.reason] = None
            return
        self._made[made.condition] += 1
        if made.same:
            self._same[made.condition] += 1

    def tell(self) -> None:
        for condition, count in self._same.items():
            of, name, severity = self._made[condition], condition.corruption, condition.severity
            log.warning(
                "%s at severity %d left %d of %d images unchanged", name, severity, count, of
            )
        for reason in self.left_out:
            log.warning("left out: %s", reason)
