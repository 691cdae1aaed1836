"""Where a measured row comes from: what the run folder says of itself, and what it lacks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from robustbench_seg.cards import to_table
from robustbench_seg.records.run_record import RunRecord
from robustbench_seg.reporting.panels import Measured, Panel


@dataclass(frozen=True)
class RunView:
    """The provenance of one row, as the page shows it.

    facts:   what a reader looks for first
    record:  everything else that run.json says
    missing: one line for each corruption that lacks something
    """

    model: str
    where: str
    command: str
    facts: Sequence[tuple[str, str]]
    record: Sequence[tuple[str, str]]
    missing: Sequence[str]


def run_views(panel: Panel, measured: Measured) -> list[RunView]:
    """The provenance of one row of a panel: of each of its runs."""
    model, views = measured.scored, []
    for folder, record in zip(model.folders, model.records, strict=True):
        missing = model.missing if folder == model.folders[0] else {}
        views.append(
            RunView(
                model=measured.model,
                where=f"{panel.name} · run folder {folder.name}",
                command=record.command,
                facts=[*_facts(record), ("severities averaged", _scored(panel))],
                record=_everything(record),
                missing=[f"{name.replace('_', ' ')}: {what}" for name, what in missing.items()],
            )
        )
    return views


def _facts(record: RunRecord) -> list[tuple[str, str]]:
    """What a reader looks for first; what the record does not say is left out."""
    segmenter = record.key.segmenter
    facts: list[tuple[str, object]] = [
        ("images", record.images),
        ("random numbers", record.stream),
        ("seed", record.seed),
        ("protocol", record.protocol),
        ("weights", segmenter.weights),
        ("inference", to_table(segmenter.inference) if segmenter.inference else None),
        ("precision", segmenter.precision),
        ("hardware", record.hardware),
        ("versions", record.libraries),
        ("laws of the corruptions", record.key.corruption.laws),
        ("created", record.created),
    ]
    return [(name, _shown(value)) for name, value in facts if value not in (None, {}, "")]


def _everything(record: RunRecord) -> list[tuple[str, str]]:
    table = to_table(record)
    for name in ("command", "palette"):  # shown elsewhere in the page, or as colours
        del table[name]
    del table["key"]["dataset"]["classes"]
    return _flat(table)


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        known = ((key, inner) for key, inner in value.items() if inner is not None)
        return ", ".join(f"{key} {_shown(inner)}" for key, inner in known)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _scored(panel: Panel) -> str:
    """Such as "blur 1-5, noise 1-3": a category once for each choice of severities in it."""
    specs = panel.protocol.corruptions
    return ", ".join(dict.fromkeys(f"{spec.category} {spec.scored_text}" for spec in specs))


def _flat(value: Mapping[str, object], prefix: str = "") -> list[tuple[str, str]]:
    facts = []
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            facts += _flat(inner, f"{prefix}{key} / ")
        elif inner not in (None, []):
            facts.append((f"{prefix}{key}", _shown(inner)))
    return facts
