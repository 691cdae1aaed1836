"""The command that writes a page, for display on the page."""

import shlex
from collections.abc import Sequence

from robustbench_seg.records.cards.protocol import list_protocols
from robustbench_seg.reporting.panels import Panel
from robustbench_seg.store import recorded_protocol


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
    if protocol := _given_protocol(panels):
        options += ["--protocol", protocol]
    options += [] if pictures else ["--no-pictures"]
    options += ["--intervals"] if intervals else []
    return shlex.join(["robustseg", "report", *names, "--out", "report", *options])


def protocol_file(panels: Sequence[Panel]) -> str | None:
    """Return the name of the protocol file that the command reads; None if it reads none."""
    protocol = _given_protocol(panels)
    return None if protocol in list_protocols() else protocol


def _given_protocol(panels: Sequence[Panel]) -> str | None:
    """Return the name or file of the protocol of all panels; None: each run has its own."""
    for panel in panels:
        name, runs = panel.protocol.name, panel.models
        if any(recorded_protocol(run.record) != panel.protocol for run in runs):
            return name if name in list_protocols() else f"{name}.toml"
    return None
