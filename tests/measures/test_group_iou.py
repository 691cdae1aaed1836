"""The IoU of a group is that of the merged classes, pixel by pixel."""

import numpy as np
import pytest

from robustbench_seg.measures import GroupIoU, confusion_matrix
from tests.measures.scenes import scene

CLASSES = ("road", "person", "rider", "car")
GROUPS = {"human": ("person", "rider"), "traffic": ("rider", "car"), "road": ("road",)}


def test_it_is_the_iou_of_the_merged_classes():
    pairs = [(scene((40, 50), seed), scene((40, 50), seed + 9) % 255 % 4) for seed in range(4)]
    group_iou = GroupIoU(CLASSES, GROUPS)
    matrices = np.stack([confusion_matrix(*pair, 4) for pair in pairs])
    scores = group_iou.compute(group_iou.pooled(matrices).sum(axis=0))
    for group, members in GROUPS.items():
        indices = [CLASSES.index(name) for name in members]
        intersection = union = 0
        for truth, labels in pairs:
            true, predicted = np.isin(truth, indices), np.isin(labels, indices)
            intersection += (true & predicted).sum()
            union += ((true | predicted) & (truth != 255)).sum()
        assert scores[f"group_iou {group}"] == pytest.approx(100 * intersection / union)
    assert [info.group for info in group_iou.infos] == list(GROUPS)
    assert {info.name for info in group_iou.infos} == {"group_iou"}
    assert [info.label for info in group_iou.infos] == [f"IoU of group {name}" for name in GROUPS]


def test_a_group_that_does_not_occur_has_no_score():
    group_iou = GroupIoU(CLASSES, GROUPS)
    scores = group_iou.compute(group_iou.pooled(np.diag([5, 0, 0, 0])))
    assert np.isnan(scores["group_iou human"])
    assert scores["group_iou road"] == 100.0
