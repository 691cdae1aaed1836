"""Scores and conditions without own counts, derived from the observations of a run."""

from collections.abc import Mapping

from robustbench_seg.datasets import described_facts, list_datasets
from robustbench_seg.measures.group_iou import GroupIoU
from robustbench_seg.measures.measure import ScoreSource
from robustbench_seg.measures.missed_objects import MissedObjects
from robustbench_seg.measures.pixel_accuracy import PIXEL_ACCURACY
from robustbench_seg.measures.worst_images import WorstImages
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.values.attacks import ATTACK_ENSEMBLES


def derived_scores(record: RunRecord) -> tuple[ScoreSource, ...]:
    """List the scores of a run in addition to those of its measures.

    Args:
        record: The content of run.json.

    Returns:
        cvar5; group_iou and missed_region_rate if the dataset names such classes; pixel_accuracy if
        the run has derived conditions.
    """
    name, classes, groups, persons = record.dataset, record.classes, record.groups, record.persons
    if name in list_datasets() and (facts := described_facts(name)).classes == classes:
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
        *([PIXEL_ACCURACY] if derived_conditions(record) else []),
    )


def derived_conditions(record: RunRecord) -> Mapping[str, tuple[str, ...]]:
    """List the conditions of a run that are derived from the rows of others.

    Args:
        record: The content of run.json.

    Returns:
        Maps the name of each ensemble of attacks that the run's protocol lists to its members.
    """
    listed = record.key.corruption.laws
    return {name: members for name, members in ATTACK_ENSEMBLES.items() if name in listed}
