"""Reads run folders as the panels of a report. All scores come from `results`."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from robustbench_seg.errors import ResultsError, unknown
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.reporting.literature.published_results import published_extent
from robustbench_seg.reporting.panels.panel import Panel
from robustbench_seg.reporting.ranking.grouping import find_models, group_models
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.results import SubsetScore, read_model, subset_scores
from robustbench_seg.store import Paths


def read_panels(
    runs: Paths,
    *,
    reference: str | None = None,
    protocol: str | Path | Protocol | None = None,
) -> list[Panel]:
    """Score runs and group them: one panel for each dataset, split, set of files and protocol.

    Args:
        runs: Packs or run folders, or folders of them.
        reference: The reference of CD and rCD, a measured or a published model.
        protocol: Protocol that scores all runs: a name, TOML file or Protocol. None: the protocol
            of each run.

    Returns:
        The panels, in the order of their first runs. A run that is damaged, whose protocol is not
        available, or whose classes differ from those of the other runs of its dataset is left out
        with a warning.

    Raises:
        CardError: The protocol is unknown, or its file is invalid.
        ResultsError: A folder contains no run; no run can be scored; the reference is in no panel.
    """
    panels = group_models(find_models(runs, protocol), _measured_model, Panel)
    # The reference images of a panel's models are runs of another panel.
    subsets = subset_scores([model.folders for panel in panels for model in panel.models])
    panels = [_with_subsets(panel, subsets) for panel in panels]
    return panels if reference is None else _with_reference(panels, reference)


def _measured_model(folders: list[Path], protocol: Protocol) -> MeasuredModel:
    scored = read_model(folders, protocol)
    return MeasuredModel(scored.name, protocol, scored)


def _with_subsets(panel: Panel, subsets: Sequence[SubsetScore]) -> Panel:
    """The panel with the scores of its own models; `subsets` are those of all panels."""
    runs = {model.folders for model in panel.models}
    return replace(panel, subsets=tuple(score for score in subsets if score.runs in runs))


def _with_reference(panels: Sequence[Panel], name: str) -> list[Panel]:
    """The panels, of which those that have the model `name` have it as their reference."""
    names = dict.fromkeys(model for panel in panels for model in panel.miou["model"])
    if name in names:
        return [
            replace(panel, reference=name) if name in panel.miou["model"].tolist() else panel
            for panel in panels
        ]
    if extent := published_extent(name):
        raise ResultsError(
            f"reference: {name} is published on {extent}, which none of the runs covers; "
            "name a model of the runs"
        )
    raise ResultsError(f"reference: {unknown('model', name, names)}")
