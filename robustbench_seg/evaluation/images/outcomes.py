"""The outcomes of the images of a segmenter: scored, left out, or failed."""

import logging
from collections.abc import Mapping

from robustbench_seg.errors import ModelError, RobustsegError
from robustbench_seg.records.values.condition import Condition

log = logging.getLogger(__name__)

FAILURES = 8
"""A segmenter gets no more images after this many images in a row without a result."""


class Outcomes:
    """The outcomes of one segmenter.

    Attributes:
        scored: Number of images scored, counted once per condition.
        left_out: Maps (image, condition) to the reason for the missing score.
        given_up: Why the segmenter gets no more images. None: it still gets them.
    """

    def __init__(self, name: str) -> None:
        """`name`: the segmenter's name, for messages."""
        self.scored = 0
        self.left_out = dict[tuple[str, Condition], str]()
        self.given_up: ModelError | None = None
        self._name = name
        self._failures = set[str]()
        self._failed_in_a_row = set[str]()
        self._traceback_shown = False

    @property
    def reasons(self) -> Mapping[str, bool]:
        """Why images were left out: each reason, and whether it is a failure of the segmenter."""
        return {reason: reason in self._failures for reason in self.left_out.values()}

    def succeed(self) -> None:
        """Count an image that is scored."""
        self._failed_in_a_row.clear()
        self.scored += 1

    def leave_out(self, image: str, condition: Condition, reason: str) -> None:
        """Note an image without a score."""
        self.left_out[image, condition] = reason

    def fail(self, image: str, condition: Condition, reason: str) -> None:
        """Note an image on which the segmenter failed.

        After FAILURES such images in a row the segmenter gets no more images.
        """
        self.leave_out(image, condition, reason)
        self._failures.add(reason)
        self._failed_in_a_row.add(image)
        if len(self._failed_in_a_row) >= FAILURES and self.given_up is None:
            what = f"{self._name}: {FAILURES} images in a row have no result; the last: {reason}"
            self.given_up = ModelError(f"{what}; fix the model and evaluate again")
            log.warning("%s; the model gets no more images", what)

    def reason_of(self, image: str, error: Exception) -> str:
        """Describe an error of a segmenter in one line.

        If user code raised it, the first traceback is shown.
        """
        known = isinstance(error, RobustsegError)
        kind = "" if known else f"{type(error).__name__}: "
        why = (str(error).splitlines() or ["no reason given"])[0]
        reason = f"{image}: {self._name} failed ({kind}{why})"
        foreign = error.__cause__ if known else error
        if foreign is None or isinstance(foreign, RobustsegError) or self._traceback_shown:
            log.debug("%s", reason, exc_info=error)
        else:
            log.warning("%s; traceback (shown once):", reason, exc_info=error)
            self._traceback_shown = True
        return reason
