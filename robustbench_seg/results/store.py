"""A run's folder: what was run, and what each measure observed of each image and condition.

    run.json            what was run; see records.run_record. Written first, never changed
    parts/*.parquet     rows of a block of images, each file written atomically and never changed
    timings/*.parquet   seconds, one file beside each part; never part of an equality
    probes/*.json       what the built-in image looked like, and was labelled, at each start
    pictures/           the first image and the hardest ones with their predictions, for the report

The folder's name ends in the first digits of the key's digest, so two different runs never share
a folder. Two folders hold equal results when they hold the same set of
(image, corruption, severity, values); how rows are spread over parts means nothing.
"""

import logging
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from robustbench_seg.errors import ResultsError
from robustbench_seg.files import file_name
from robustbench_seg.measures import CONFUSION, MEASURES, Measure
from robustbench_seg.records.protocol import Condition
from robustbench_seg.records.run_record import (
    RUN_FILE,
    RunRecord,
    first_difference,
    read_record,
    write_record,
)
from robustbench_seg.results.parts import (
    Row,
    Timing,
    part_files,
    read_part,
    write_part,
    write_timings,
)
from robustbench_seg.results.write_errors import write_errors

log = logging.getLogger(__name__)

DAMAGED = ".damaged"
"""Suffix of parts that are left out."""


class RunFolder:
    """A run's folder, open for adding what is missing."""

    def __init__(self, path: Path, measures: Sequence[Measure] = MEASURES) -> None:
        self.path = path
        self._measures = measures
        # By measure and condition, because images are many: their names are shared between sets.
        self._there: defaultdict[tuple[str, Condition], set[str]] = defaultdict(set)

    def lacking(self, image: str, condition: Condition) -> tuple[Measure, ...]:
        """The measures that are still to observe an image under a condition."""
        there = self._there
        return tuple(m for m in self._measures if image not in there[m.name, condition])

    def count(self, measure: Measure = CONFUSION) -> int:
        """How many rows have values of a measure."""
        return sum(len(images) for (name, _), images in self._there.items() if name == measure.name)

    @staticmethod
    def path_of(root: Path, record: RunRecord) -> Path:
        """The folder of the run that `record` describes under `root`."""
        parts = (record.model, record.dataset, record.split, record.key.digest[:8])
        return root / "-".join(map(file_name, parts))

    @classmethod
    def open(
        cls,
        root: Path,
        record: RunRecord,
        measures: Sequence[Measure] = MEASURES,
        blocks: Collection[int] | None = None,
    ) -> "RunFolder":
        """Open the folder of the run that `record` describes under `root`, making it if needed.

        A damaged part is set aside with a warning: what it held is lacking.

        measures: those that `lacking` asks after
        blocks: numbers of the blocks of images that are asked for; None: all

        Raises ResultsError if the folder exists and holds another run, or cannot be read.
        """
        folder = cls(cls.path_of(root, record), measures)
        path = folder.path / RUN_FILE
        if path.exists():
            standing = read_record(folder.path)
            if standing.key.digest != record.key.digest:
                raise ResultsError(
                    f"{folder.path} holds another run: "
                    f"{first_difference(standing.key, record.key)}; choose another folder of runs, "
                    "or remove this one"
                )
        else:
            with write_errors(path):
                write_record(folder.path, record)
        for part in part_files(folder.path, blocks):
            try:
                read = read_part(part, len(record.classes))
            except ResultsError as error:
                aside = part.with_suffix(DAMAGED)
                log.warning("%s; it is kept as %s", error, aside.name)
                with write_errors(aside):
                    part.rename(aside)
                continue
            for image, condition, reason in zip(
                read.images, read.conditions, read.reasons, strict=True
            ):
                if reason is None:
                    folder._note(read.values, image, condition)
        return folder

    def add(self, block: int, rows: Sequence[Row], timings: Sequence[Timing] = ()) -> None:
        """Write the rows of a block of images; all of them or, when killed, none.

        Rows that have other measures than others make a part of their own.
        """
        groups: defaultdict[frozenset[str], list[Row]] = defaultdict(list)
        for row in rows:
            groups[frozenset(row.values)].append(row)
        # What was left out goes with what was scored, where that is of one kind.
        left_out = groups.pop(frozenset(), [])
        kinds = list(groups.items()) or [(frozenset[str](), [])]
        kinds[0][1].extend(left_out)
        for names, some in kinds:
            if not some:
                continue
            name = write_part(self.path, block, some)
            pairs = {(row.image, row.condition) for row in some}
            own = [timing for timing in timings if (timing.image, timing.condition) in pairs]
            if own:
                write_timings(self.path, name, own)
            for row in some:
                if row.reason is None:
                    self._note(names, row.image, row.condition)

    def _note(self, names: Iterable[str], image: str, condition: Condition) -> None:
        for name in names:
            self._there[name, condition].add(sys.intern(image))


def find_runs(paths: Iterable[Path | str]) -> list[Path]:
    """The run folders named by `paths`: each is one, or a folder that holds some.

    Raises ResultsError for a path that is neither.
    """
    found = dict[Path, None]()
    for path in map(Path, paths):
        if not path.is_dir():
            raise ResultsError(f"{path}: no such folder; name run folders, or a folder of them")
        if (path / RUN_FILE).exists():
            found[path] = None
            continue
        inside = sorted(run.parent for run in path.glob(f"*/{RUN_FILE}"))
        if not inside:
            raise ResultsError(
                f"{path}: no run folder here (no {RUN_FILE} in it or in its folders)"
            )
        found.update(dict.fromkeys(inside))
    return list(found)
