"""The share of the objects of some classes, such as persons, that a segmenter misses."""

from collections.abc import Mapping, Sequence

import numpy as np

from robustbench_seg.measures.counts import Counts, ScoreArray, percent
from robustbench_seg.measures.measure import AdditiveScores
from robustbench_seg.measures.objects import OBJECTS
from robustbench_seg.measures.score_info import ScoreInfo


class MissedObjects(AdditiveScores):
    """The share of objects of some classes, such as persons, of which less than half is found.

    A pixel of an object is found if the class of the object is predicted.
    """

    name = "missed_region_rate"
    column = OBJECTS.column

    def __init__(self, classes: Sequence[str], chosen: Sequence[str]) -> None:
        """`classes`: in the order of the indices; `chosen`: the classes whose objects count."""
        self._chosen = [classes.index(name) for name in chosen]
        self.infos = (
            ScoreInfo(
                "missed_region_rate",
                "missed persons",
                f"Share, in percent, of the objects of {', '.join(chosen)} of which less than half "
                "of the pixels are correct. Lower is better.",
                higher_is_better=False,
                section="failures",
                chief=6,
            ),
        )

    def pooled(self, observed: Counts) -> Counts:
        """Reduce observations of Objects to the numbers of objects and of missed ones: ...x2."""
        counts: Counts = observed[..., self._chosen].sum(axis=(-3, -1))[..., [0, 2]]
        return counts

    def compute(self, counts: Counts) -> Mapping[str, ScoreArray]:
        """Return the missed objects as a share of all objects of the chosen classes."""
        number, missed = np.moveaxis(counts, -1, 0)
        return {"missed_region_rate": percent(missed, number)}
