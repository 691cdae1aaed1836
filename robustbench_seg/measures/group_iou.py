"""The IoU of groups of classes, such as vulnerable road users, as of merged classes.

A pixel of a group is correct if the predicted class is any class of the group. The scores follow
from the confusion matrices.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from robustbench_seg.measures.confusion import CONFUSION
from robustbench_seg.measures.counts import Counts, ScoreArray
from robustbench_seg.measures.iou import iou_of_counts
from robustbench_seg.measures.measure import AdditiveScores
from robustbench_seg.measures.score_info import ScoreInfo


class GroupIoU(AdditiveScores):
    """The IoU of each group of a dataset, from the sum of the confusion matrices."""

    name = "group_iou"
    column = CONFUSION.column

    def __init__(self, classes: Sequence[str], groups: Mapping[str, Sequence[str]]) -> None:
        """`classes`: in the order of the indices; `groups`: maps names to names of classes."""
        members = [[name in group for name in classes] for group in groups.values()]
        self._members = np.array(members, np.float64).reshape(len(groups), len(classes))
        self.infos = tuple(
            ScoreInfo(
                self.name,
                f"IoU of group {group}",
                "Intersection over union, in percent, of all pixels of "
                f"{', '.join(names)}, taken as one class.",
                group=group,
                section="failures",
                chief=5,
            )
            for group, names in groups.items()
        )

    def pooled(self, observed: Counts) -> Counts:
        """Reduce confusion matrices ...xKxK or ...xKx(K+1) to ...x3xG, as in class_counts."""
        classes = observed.shape[-2]
        # Predictions merged. NumPy's products of integers are slow, and those of float64 are exact,
        # because counts stay far below 2^53.
        of_group = observed[..., :classes].astype(np.float64) @ self._members.T
        hits = np.einsum("...kg,gk->...g", of_group, self._members)
        truth = observed.sum(-1) @ self._members.T
        return np.stack([hits, truth, of_group.sum(-2)], axis=-2)

    def compute(self, counts: Counts) -> Mapping[str, ScoreArray]:
        """Return the IoU of each group, by the key of its info."""
        scores = iou_of_counts(counts)
        return {info.key: scores[..., place] for place, info in enumerate(self.infos)}
