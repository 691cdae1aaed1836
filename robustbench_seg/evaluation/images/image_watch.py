"""Monitors the images of an evaluation: unchanged ones and unusable ones."""

import logging
from collections import Counter

from robustbench_seg.errors import DatasetError
from robustbench_seg.evaluation.images.image_maker import ConditionImage
from robustbench_seg.evaluation.images.outcomes import FAILURES
from robustbench_seg.records.values.condition import CLEAN, Condition

log = logging.getLogger(__name__)


class UnchangedImages:
    """Counts corrupted images that equal their clean image."""

    def __init__(self) -> None:
        self._counted: Counter[Condition] = Counter()
        self._same: Counter[Condition] = Counter()

    def take(self, image: ConditionImage) -> None:
        """Count one image."""
        if image.pixels is not None:
            self._counted[image.condition] += 1
            self._same[image.condition] += image.is_same

    def add(self, other: "UnchangedImages") -> None:
        """Add the counts of another process."""
        self._counted.update(other._counted)
        self._same.update(other._same)

    def warn(self) -> None:
        """Warn (logging) about each condition that left images unchanged."""
        for condition, count in self._same.items():
            if count:
                of, name, severity = self._counted[condition], condition.name, condition.severity
                log.warning(
                    "%s at severity %d left %d of %d images unchanged", name, severity, count, of
                )


class UnusableImages:
    """Counts unusable images in a row, separately for the dataset and for a tree."""

    def __init__(self) -> None:
        self._failed = {of_clean: dict[str, None]() for of_clean in (True, False)}

    def take(self, image: ConditionImage) -> None:
        """Raise DatasetError after FAILURES unusable images in a row: all others may be so, too.

        If a file cannot be read, the disk may be gone.
        """
        failed = self._failed[image.condition == CLEAN]
        if image.pixels is not None:
            failed.clear()
            return
        failed[image.original.id] = None
        if len(failed) >= FAILURES:
            what, advice = (
                ("could not be read", "check the disk that holds the images")
                if image.is_unreadable
                else ("cannot be used", "correct this")
            )
            raise DatasetError(
                f"{FAILURES} images in a row {what}; the last: {image.reason}. Finished work is "
                f"kept: {advice} and evaluate again"
            )
