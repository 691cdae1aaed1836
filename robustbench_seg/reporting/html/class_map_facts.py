"""Describes a class map: the mapping of classes, and why some classes are not scored."""

from collections.abc import Mapping, Sequence

from robustbench_seg.records.runs.class_map_record import IGNORED
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.reporting.html.fact import Fact, known_facts


def class_map_facts(record: RunRecord) -> list[Fact]:
    """Return facts about the class map of a run; none without a map."""
    used, about = record.key.class_map, record.class_map
    if used is None:
        return []
    reasons: Mapping[str, str] = about.reasons if about else {}
    merged = [f"{target} = {', '.join(names)}" for target, names in used.merged.items()]
    others = reasons.get(IGNORED, "")
    values = [
        ("class map", f"{record.class_map_name} ({used.digest[:16]})"),
        ("classes of the dataset = of the model", "; ".join(merged)),
        ("predicted classes that are always wrong", _reasoned(used.ignored, reasons, others)),
        ("classes left out", _reasoned(used.left_out, reasons)),
        ("classes missed, because the model has none", _reasoned(used.missed, reasons)),
    ]
    return known_facts(values)


def class_map_note(record: RunRecord, name: str) -> str:
    """Explain why classes of a row have no IoU, or an IoU of 0. Empty if there are no such classes.

    Args:
        record: The content of run.json of the row's first run.
        name: Name of the row.
    """
    used, about = record.key.class_map, record.class_map
    if used is None:
        return ""
    reasons: Mapping[str, str] = about.reasons if about else {}
    notes = []
    if used.left_out:
        notes.append(f"its class map leaves out {_reasoned(used.left_out, reasons)}")
    if used.missed:
        notes.append(f"no class of the model maps to {_reasoned(used.missed, reasons)}")
    return f"{name}: {'; '.join(notes)}." if notes else ""


def _reasoned(names: Sequence[str], reasons: Mapping[str, str], others: str = "") -> str:
    """List names with their reasons; those without one come last, with the reason `others`."""
    own = [f"{name} ({reasons[name].rstrip('.')})" for name in names if name in reasons]
    rest = [name for name in names if name not in reasons]
    if rest and others:
        rest[-1] += f" ({others.rstrip('.')})"
    return ", ".join([*own, *rest])
