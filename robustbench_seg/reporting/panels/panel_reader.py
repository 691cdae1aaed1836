"""Reads run folders as the panels of a report. All scores come from `results`."""

from collections.abc import Sequence
from pathlib import Path

from robustbench_seg.errors import ResultsError, unknown
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.reporting.literature.published_results import published_extent
from robustbench_seg.reporting.panels.panel import Panel
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.reporting.ranking.model_groups import ModelGroup, group_models
from robustbench_seg.reporting.ranking.ranked_model import by_robustness
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
    groups = group_models(runs, protocol, _measured_model)
    # The reference images of a panel's models are runs of another panel.
    subsets = subset_scores(
        [model.folders for group in groups for model in by_robustness(group.models)]
    )
    panels = [_panel(group, subsets, reference) for group in groups]
    if reference is not None and all(panel.reference is None for panel in panels):
        names = dict.fromkeys(name for panel in panels for name in panel.miou["model"])
        if extent := published_extent(reference):
            raise ResultsError(
                f"reference: {reference} is published on {extent}, which none of the runs covers; "
                "name a model of the runs"
            )
        raise ResultsError(f"reference: {unknown('model', reference, names)}")
    return panels


def _measured_model(folders: list[Path], protocol: Protocol) -> MeasuredModel:
    scored = read_model(folders, protocol)
    return MeasuredModel(scored.name, scored)


def _panel(
    group: ModelGroup[MeasuredModel], subsets: Sequence[SubsetScore], reference: str | None
) -> Panel:
    """A group as a panel; `subsets` are those of all groups."""
    models = by_robustness(group.models)
    runs = {model.folders for model in models}
    names = {model.name for model in models}
    has_reference = reference in {*names, *group.published.ranked["model"]}
    return Panel(
        dataset=group.record.dataset,
        split=group.record.split,
        protocol=group.protocol,
        subset=group.subset,
        published=group.published,
        measured=models,
        subsets=tuple(score for score in subsets if score.runs in runs),
        reference=reference if has_reference else None,
    )
