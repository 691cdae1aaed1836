"""Where a measured row comes from: what the run folder says of itself, and what it lacks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from robustbench_seg.reporting.panels import Measured, Panel


@dataclass(frozen=True)
class RunView:
    """The provenance of one row, as the page shows it."""

    model: str
    where: str
    command: str
    facts: Sequence[tuple[str, str]]
    missing: Sequence[str]


def run_view(panel: Panel, run: Measured) -> RunView:
    """All that run.json says but the command and the lists of classes; and what is missing."""
    apart = ("command", "classes", "palette", "format")
    record = {key: value for key, value in run.record.items() if key not in apart}
    return RunView(
        model=run.model,
        where=f"{panel.name} · run folder {run.folder.name}",
        command=str(run.record.get("command", "")),
        facts=[("severities averaged", _scored(panel)), *_flat(record)],
        missing=[f"{name.replace('_', ' ')}: {what}" for name, what in run.missing.items()],
    )


def _scored(panel: Panel) -> str:
    levels: dict[tuple[str, tuple[int, ...]], None] = {}
    for spec in panel.protocol.corruptions:
        levels[spec.category, spec.scored] = None
    return ", ".join(f"{category} {s[0]}-{s[-1]}" for category, s in levels)


def _flat(value: Mapping[str, object], prefix: str = "") -> list[tuple[str, str]]:
    facts = []
    for key, inner in value.items():
        if key == "classes":  # named by the class table already
            continue
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(inner, Mapping):
            facts += _flat(inner, f"{name}, ")
        elif isinstance(inner, str):
            facts.append((name, inner))
        elif inner is not None:
            facts.append((name, json.dumps(inner, ensure_ascii=False)))
    return facts
