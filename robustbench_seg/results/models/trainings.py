"""The trainings of one model: their runs, and the text from which their draws follow."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.store import group_trainings


class Trainings(NamedTuple):
    """The trainings of one model.

    Attributes:
        runs: The run folders of each training, as in the column run of its rows.
        identity: Their weights, in their order, so that the same trainings have the same draws
            whenever they are scored. None if a run does not state its weights: the name of the
            model identifies them.
    """

    runs: Sequence[Sequence[str]]
    identity: str | None = None

    @classmethod
    def of(cls, records: Mapping[Path, RunRecord]) -> "Trainings":
        """Find the trainings of one model.

        Args:
            records: The content of the run.json of each of its folders.
        """
        weights = dict.fromkeys(record.key.segmenter.weights for record in records.values())
        return cls(
            [list(map(str, folders)) for folders in group_trainings(records)],
            None if None in weights else " ".join(map(str, weights)),
        )
