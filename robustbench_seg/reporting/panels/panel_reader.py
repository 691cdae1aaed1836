"""Reads run folders as the panels of a report. All scores come from `results`."""

import pandas as pd

from robustbench_seg.errors import ResultsError, unknown
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.reporting.literature.published_results import published_extent
from robustbench_seg.reporting.panels.degradation_rows import degradation_rows
from robustbench_seg.reporting.panels.measured_model import MeasuredModel
from robustbench_seg.reporting.panels.model_groups import ModelGroup, group_models
from robustbench_seg.reporting.panels.model_ranking import miou_table
from robustbench_seg.reporting.panels.panel import Panel
from robustbench_seg.reporting.panels.panel_warnings import panel_warnings
from robustbench_seg.reporting.panels.table_rows import class_rows, score_row, severity_rows
from robustbench_seg.results import ScoredModel, category_means, is_measured, read_model
from robustbench_seg.store import Paths


def read_panels(
    runs: Paths,
    *,
    reference: str | None = None,
    protocol: Protocol | None = None,
) -> list[Panel]:
    """Score runs and group them: one panel for each dataset, split, set of files and protocol.

    Args:
        runs: Packs or run folders, or folders of them.
        reference: The reference of CD and rCD, a measured or a published model.
        protocol: The protocol for all runs. None: each run has its own.

    Returns:
        The panels, in the order of their first runs. A run that is damaged, whose protocol is not
        available, or whose classes differ from those of the other runs of its dataset is left out
        with a warning.

    Raises:
        ResultsError: A folder contains no run; no run can be scored; the reference is in no panel.
    """
    groups = group_models(runs, protocol, read_model)
    panels = [_panel(group, reference) for group in groups]
    if reference is not None and all(panel.reference is None for panel in panels):
        models = dict.fromkeys(model for panel in panels for model in panel.scores["model"])
        if extent := published_extent(reference):
            raise ResultsError(
                f"reference: {reference} is published on {extent}, which none of the runs covers; "
                "name a model of the runs"
            )
        raise ResultsError(f"reference: {unknown('model', reference, models)}")
    return panels


def _panel(group: ModelGroup[ScoredModel], reference: str | None) -> Panel:
    record, protocol, published = group.record, group.protocol, group.published
    models = {
        name: MeasuredModel.of(name, model.scored)
        for name, model in zip(group.names, group.models, strict=True)
    }
    scores = miou_table([score_row(model, protocol) for model in models.values()], published)
    measured = [models[str(name)] for name in scores.loc[is_measured(scores), "model"]]
    found = reference if reference in set(scores["model"]) else None
    return Panel(
        dataset=record.dataset,
        split=record.split,
        protocol=protocol,
        classes=record.classes,
        measured=tuple(measured),
        scores=scores,
        severities=pd.concat(
            [severity_rows(each, protocol) for each in measured], ignore_index=True
        ),
        per_class=pd.concat([class_rows(each, protocol) for each in measured], ignore_index=True),
        category_means=_category_means(scores, protocol),
        degradation=degradation_rows(scores, models, protocol, found),
        published=published,
        reference=found,
        subset=group.subset,
        warnings=panel_warnings(measured, group.subset, protocol),
    )


def _category_means(scores: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Mean over each category's corruptions; a row for each of `scores`."""
    cells = {name: scores[name].to_numpy(float) for name in protocol.names}
    return pd.DataFrame(category_means(cells, protocol), index=scores.index)
