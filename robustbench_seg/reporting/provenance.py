"""Where a measured row comes from: what the run folder says of itself, and what it lacks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from robustbench_seg.reporting.panels import Measured, Panel

FIRST = (
    ("images", "images"),
    ("random numbers", "stream"),
    ("seed", "seed"),
    ("protocol", "protocol"),
    ("weights", "key/segmenter/weights"),
    ("inference", "key/segmenter/inference"),
    ("precision", "key/segmenter/precision"),
    ("versions", "key/versions"),
    ("corruptions made by", "key/corruption/versions"),
    ("created", "created"),
)
"""What a reader looks for first: its name, and where in run.json it stands (if it does)."""

APART = ("command", "classes", "palette", "format")
"""What is shown elsewhere in the page."""


@dataclass(frozen=True)
class RunView:
    """The provenance of one row, as the page shows it.

    facts:   what a reader looks for first
    record:  everything that run.json says
    missing: one line for each corruption that lacks something
    """

    model: str
    where: str
    command: str
    facts: Sequence[tuple[str, str]]
    record: Sequence[tuple[str, str]]
    missing: Sequence[str]


def run_view(panel: Panel, run: Measured) -> RunView:
    """The provenance of one run of a panel."""
    found = ((name, _at(run.record, path)) for name, path in FIRST)
    facts = [(name, _shown(value)) for name, value in found if value not in (None, {})]
    return RunView(
        model=run.model,
        where=f"{panel.name} · run folder {run.folder.name}",
        command=str(run.record.get("command", "")),
        facts=[*facts, ("severities averaged", _scored(panel))],
        record=_flat(run.record),
        missing=[f"{name.replace('_', ' ')}: {what}" for name, what in run.missing.items()],
    )


def _at(record: object, path: str) -> object:
    for key in path.split("/"):
        record = record.get(key) if isinstance(record, Mapping) else None
    return record


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_shown(inner)}" for key, inner in value.items())
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _scored(panel: Panel) -> str:
    """Such as "blur 1-5, noise 1-3": a category once for each choice of severities in it."""
    specs = panel.protocol.corruptions
    return ", ".join(dict.fromkeys(f"{spec.category} {spec.scored_text}" for spec in specs))


def _flat(value: Mapping[str, object], prefix: str = "") -> list[tuple[str, str]]:
    facts = []
    for key, inner in value.items():
        if key in APART:
            continue
        if isinstance(inner, Mapping):
            facts += _flat(inner, f"{prefix}{key} / ")
        elif inner is not None:
            facts.append((f"{prefix}{key}", _shown(inner)))
    return facts
