"""Scores without counts of their own, computed from the observations of the measures."""

from robustbench_seg.datasets import class_groups, class_names, list_datasets, person_classes
from robustbench_seg.measures.groups import GroupIoU
from robustbench_seg.measures.measure import ScoreSource
from robustbench_seg.measures.objects import MissedRegionRate
from robustbench_seg.measures.worst_images import WorstImages
from robustbench_seg.records.runs.run_record import RunRecord


def derived_scores(record: RunRecord) -> tuple[ScoreSource, ...]:
    """List the scores of a run in addition to those of its measures.

    Args:
        record: The content of run.json.

    Returns:
        cvar5, and group_iou and missed_region_rate where the dataset names such classes.
    """
    name, classes, groups, persons = record.dataset, record.classes, record.groups, record.persons
    if name in list_datasets() and class_names(name) == classes:
        groups, persons = class_groups(name), person_classes(name)
    groups = {group: names for group, names in groups.items() if {*names} <= {*classes}}
    scored = record.scored_classes
    groups = {group: tuple(n for n in names if n in scored) for group, names in groups.items()}
    groups = {group: names for group, names in groups.items() if names}
    persons = tuple(person for person in persons if person in scored)
    return (
        WorstImages(),
        *([GroupIoU(classes, groups)] if groups else []),
        *([MissedRegionRate(classes, persons)] if persons else []),
    )
