"""Where a measured row comes from: what the run folder says of itself, and what it lacks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from robustbench_seg.reporting.panels import Measured, Panel
from robustbench_seg.results import told

FIRST = (
    ("images", "images"),
    ("random numbers", "stream"),
    ("seed", "seed"),
    ("protocol", "protocol"),
    ("weights", "key/segmenter/weights"),
    ("inference", "key/segmenter/inference"),
    ("precision", "key/segmenter/precision"),
    ("hardware", "hardware"),
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


def run_views(panel: Panel, measured: Measured) -> list[RunView]:
    """The provenance of one row of a panel: of each of its runs."""
    model, views = measured.scored, []
    for folder, record in zip(model.folders, model.records, strict=True):
        found = ((name, told(record, path)) for name, path in FIRST)
        facts = [(name, _shown(value)) for name, value in found if value not in (None, {})]
        missing = model.missing if folder == model.folders[0] else {}
        views.append(
            RunView(
                model=measured.model,
                where=f"{panel.name} · run folder {folder.name}",
                command=str(record.get("command", "")),
                facts=[*facts, ("severities averaged", _scored(panel))],
                record=_flat(record),
                missing=[f"{name.replace('_', ' ')}: {what}" for name, what in missing.items()],
            )
        )
    return views


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
