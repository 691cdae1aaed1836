"""Scores without own counts, derived from the observations of a run."""

from robustbench_seg.datasets import built_in_facts
from robustbench_seg.measures.group_iou import GroupIoU
from robustbench_seg.measures.measure import Scorer
from robustbench_seg.measures.missed_objects import MissedObjects
from robustbench_seg.measures.pixel_accuracy import PIXEL_ACCURACY
from robustbench_seg.measures.worst_images import WorstImages
from robustbench_seg.records.runs.run_record import RunRecord


def derived_scores(record: RunRecord) -> tuple[Scorer, ...]:
    """List the scores of a run in addition to those of its measures.

    Args:
        record: The content of run.json.

    Returns:
        cvar5; group_iou and missed_region_rate if the record names groups and persons;
        pixel_accuracy if the run has derived conditions. For a record without groups and persons,
        those of the known dataset of its name and its classes are used.
    """
    classes, groups, persons = record.classes, record.groups, record.persons
    if not (groups or persons) and (facts := built_in_facts(record.dataset, classes)):
        groups, persons = facts.groups, facts.persons
    scored = record.scored_classes
    groups = {
        group: members
        for group, names in groups.items()
        if {*names} <= {*classes} and (members := tuple(n for n in names if n in scored))
    }
    persons = tuple(person for person in persons if person in scored)
    return (
        WorstImages(),
        *([GroupIoU(classes, groups)] if groups else []),
        *([MissedObjects(classes, persons)] if persons else []),
        *([PIXEL_ACCURACY] if record.derived_conditions else []),
    )
