"""A run's folder: its record, and the observations of each measure, image and condition.

    run.json            the record; see records.runs.run_record. Written first, never changed
    parts/*.parquet     rows of a block of images, each file written atomically and never changed
    timings/*.parquet   seconds, one file for each part; ignored by comparisons
    probes/*.json       digests and labels of the built-in image at each start
    pictures/           the first image and the hardest ones with their predictions, for the report

The folder's name ends in the first digits of the key's digest, so two different runs never share a
folder. Two folders have equal results if they have the same set of (image, corruption, severity,
values), regardless of the parts that contain the rows.
"""

import logging
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from robustbench_seg.errors import ResultsError
from robustbench_seg.files import cannot_be_written, file_name
from robustbench_seg.machine.locks import registered
from robustbench_seg.measures import CONFUSION, MEASURES, Measure
from robustbench_seg.records.runs.run_file import RUN_FILE, read_record, write_record
from robustbench_seg.records.runs.run_key import first_difference
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.store.parts import Row, part_files, read_part, write_part
from robustbench_seg.store.timings import Timing, write_timings

log = logging.getLogger(__name__)

DAMAGED = ".damaged"
"""Suffix of damaged parts, which are ignored."""


class RunFolder:
    """A run's folder, open for adding rows.

    Attributes:
        path: The folder.
        file_digests: For each image and condition, the digests of the files from which its
            predictions were read, in all parts.
    """

    def __init__(
        self,
        path: Path,
        record: RunRecord,
        measures: Sequence[Measure],
        blocks: Collection[int] | None,
    ) -> None:
        """See `open`."""
        self.path = path
        self.file_digests = defaultdict[tuple[str, Condition], set[str]](set)
        self._record = record
        self._run = record.key.digest
        self._measures = measures
        self._blocks = blocks
        self._known = set[str]()  # names of the parts that were read or written
        # Sets by measure and condition, which share the strings of image ids.
        self._scored: defaultdict[tuple[str, Condition], set[str]] = defaultdict(set)

    def missing_measures(self, image: str, condition: Condition) -> tuple[Measure, ...]:
        """List the measures without an observation of an image under a condition."""
        scored = self._scored
        return tuple(m for m in self._measures if image not in scored[m.name, condition])

    def count(self, measure: Measure = CONFUSION) -> int:
        """Count the rows that have values of a measure."""
        return sum(
            len(images) for (name, _), images in self._scored.items() if name == measure.name
        )

    @staticmethod
    def path_of(root: Path, record: RunRecord) -> Path:
        """Name the folder of the run that `record` describes under `root`."""
        names = (record.model, record.dataset, record.split, record.key.digest[:8])
        return root / "-".join(map(file_name, names))

    @classmethod
    def open(
        cls,
        root: Path,
        record: RunRecord,
        measures: Sequence[Measure] = MEASURES,
        blocks: Collection[int] | None = None,
    ) -> "RunFolder":
        """Open the folder of the run that `record` describes under `root`; create it if needed.

        A part that is damaged or belongs to another run is set aside with a warning, and its rows
        are missing.

        Args:
            root: The folder of run folders.
            record: The record of the run.
            measures: The measures that `missing_measures` can list.
            blocks: Numbers of the blocks of images to read; None: all.

        Raises:
            ResultsError: The folder contains another run, or cannot be read.
        """
        folder = cls(cls.path_of(root, record), record, measures, blocks)
        path = folder.path / RUN_FILE
        if path.exists():
            recorded = read_record(folder.path)
            if recorded.key.digest != record.key.digest:
                raise ResultsError(
                    f"{folder.path} holds another run: "
                    f"{first_difference(recorded.key, record.key)}; choose another folder of runs, "
                    "or remove this one"
                )
        else:
            _write_first(folder.path, record)
        folder.read_parts()
        return folder

    def read_parts(self) -> None:
        """Read the parts that other processes have added since the last time."""
        record = self._record
        for part in part_files(self.path, self._blocks):
            if part.name in self._known:
                continue
            self._known.add(part.name)
            try:
                rows = read_part(part, len(record.classes), run=self._run, no_class=record.no_class)
            except ResultsError as error:
                _set_aside(part, error)
                continue
            for image, condition, reason, digests in zip(
                rows.images, rows.conditions, rows.reasons, rows.file_digests, strict=True
            ):
                if reason is None:
                    self._note(rows.values, image, condition, digests)

    def add(self, block: int, rows: Sequence[Row], timings: Sequence[Timing] = ()) -> None:
        """Write the rows of a block of images, atomically.

        Rows with different measures are written as separate parts.

        Args:
            block: The number of the block.
            rows: Its rows.
            timings: Seconds of some or all of the rows.
        """
        groups: defaultdict[frozenset[str], list[Row]] = defaultdict(list)
        for row in rows:
            groups[frozenset(row.values)].append(row)
        # The first part contains the rows that were left out.
        left_out = groups.pop(frozenset(), [])
        kinds = list(groups.items()) or [(frozenset[str](), [])]
        kinds[0][1].extend(left_out)
        for names, same_kind in kinds:
            if not same_kind:
                continue
            name = write_part(self.path, block, same_kind, self._run)
            self._known.add(name)
            pairs = {(row.image, row.condition) for row in same_kind}
            seconds = [timing for timing in timings if (timing.image, timing.condition) in pairs]
            if seconds:
                write_timings(self.path, name, seconds)
            for row in same_kind:
                if row.reason is None:
                    self._note(names, row.image, row.condition, row.file_digests)

    def _note(
        self, names: Iterable[str], image: str, condition: Condition, digests: str | None
    ) -> None:
        if digests is not None:
            self.file_digests[image, condition].add(digests)
        for name in names:
            self._scored[name, condition].add(sys.intern(image))


def _write_first(folder: Path, record: RunRecord) -> None:
    """Create the folder of a new run, and write its record."""
    with ExitStack() as at_work:
        with suppress(OSError):  # write_record reports it
            folder.mkdir(parents=True, exist_ok=True)
            # Prevents other processes from removing its files.
            at_work.enter_context(registered(folder))
        write_record(folder, record)


def _set_aside(part: Path, error: ResultsError) -> None:
    """Rename a part that cannot be read, with a warning."""
    aside = part.with_suffix(DAMAGED)
    log.warning("%s; it is kept as %s", error, aside.name)
    try:
        part.rename(aside)
    except OSError as failure:
        raise cannot_be_written(aside, failure) from failure
