"""The command that writes a page, for display on the page."""

import shlex
from collections.abc import Sequence

from robustbench_seg.records.cards.protocol import list_protocols
from robustbench_seg.reporting.panels import Panel


def report_command(panels: Sequence[Panel], *, pictures: bool, intervals: bool = False) -> str:
    """Return the command, with the names of run folders instead of their paths.

    Args:
        panels: The panels of the page.
        pictures: Whether it has images of the dataset.
        intervals: Whether its tables have the interval of each score.
    """
    models = [model for panel in panels for model in panel.models]
    names = [folder.name for model in models for folder in model.folders]
    reference = next((panel.reference for panel in panels if panel.reference), None)
    options = ["--reference", reference] if reference else []
    for name in sorted({panel.protocol.name for panel in panels}):
        recorded = {r.record.protocol for p in panels if p.protocol.name == name for r in p.models}
        if name not in list_protocols():
            options += ["--protocol", f"{name}.toml"]
        elif recorded != {name}:
            options += ["--protocol", name]
    options += [] if pictures else ["--no-pictures"]
    options += ["--intervals"] if intervals else []
    return shlex.join(["robustseg", "report", *names, "--out", "report", *options])


def protocol_file(panels: Sequence[Panel]) -> str | None:
    """Return the name of the protocol file that the command reads; None if it reads none.

    Only the name is known: no run folder holds a copy of the file.
    """
    others = {panel.protocol.name for panel in panels}.difference(list_protocols())
    return f"{others.pop()}.toml" if others else None  # --protocol holds for all panels
